import { Command, CommanderError, Option } from 'commander';

import { ConfigurationError, ControlZeroError } from '../src/index.ts';
import { demo } from './demo.ts';
import { diff } from './diff.ts';
import type { ExplainOptions } from './explain.ts';
import { explain } from './explain.ts';
import { init } from './init.ts';
import { replay } from './replay.ts';
import type { SecretsOptions } from './secrets.ts';
import { listAll, rotate, setOne } from './secrets.ts';
import { status } from './status.ts';
import { TEMPLATES } from './templates.ts';
import type { CommonOptions, ExitCode } from './terminal.ts';
import { EXIT, UsageError } from './terminal.ts';
import { test } from './test.ts';
import { validate } from './validate.ts';

type Finish = (code: Promise<ExitCode>) => Promise<void>;

function addCommand(program: Command, usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .option('-p, --policy <file>', 'the policy file (default: the one the client would find)')
    .option('--json', 'one JSON document instead of text');
}

function addAuthoringCommands(program: Command, finish: Finish): void {
  addCommand(program, 'init', 'write a policy to begin with')
    .addOption(
      new Option('-t, --template <name>', 'what to begin with')
        .choices(Object.keys(TEMPLATES))
        .default('model-allowlist'),
    )
    .action(async (options: CommonOptions & { template: string }) => finish(init(options)));
  addCommand(program, 'validate', 'every problem of a policy, and what is probably not meant')
    .option('--strict', 'fail on findings as well')
    .action(async (options: CommonOptions & { strict?: true }) => finish(validate(options)));
  addCommand(program, 'explain <action> <resource>', 'decide one request and say why')
    .option('-a, --agent <id>', 'the agent; short for --context agent_id=<id>')
    .option('-c, --context <key=value...>', 'context attributes; 3 is a number, true a boolean, \'"3"\' a text')
    .action(async (action: string, resource: string, options: ExplainOptions) =>
      finish(explain(action, resource, options)),
    );
}

function addReviewCommands(program: Command, finish: Finish): void {
  addCommand(program, 'test [files...]', 'run the tests of a policy (default: <policy>.test.yaml beside it)').action(
    async (files: string[], options: CommonOptions) => finish(test(files, options)),
  );
  addCommand(
    program,
    'replay <records>',
    'decide recorded decisions anew: who would newly be denied or allowed',
  ).action(async (records: string, options: CommonOptions) => finish(replay(records, options)));
  addCommand(program, 'diff <before> <after>', 'which decisions change between two policies').action(
    async (before: string, after: string, options: CommonOptions) => finish(diff(before, after, options)),
  );
  addCommand(program, 'status', 'which policy a client that starts here would use').action(
    async (options: CommonOptions) => finish(status(options)),
  );
  addCommand(program, 'demo', 'governed calls to a server on this machine').action(async (options: CommonOptions) =>
    finish(demo(options)),
  );
}

function addSecretsCommands(program: Command, finish: Finish): void {
  const secrets = program.command('secrets').description('the secrets of the local vault');
  const add = (usage: string, description: string): Command =>
    secrets
      .command(usage)
      .description(description)
      .option('--vault <file>', 'the vault file (default: controlzero.vault)')
      .option('--json', 'one JSON document instead of text');
  add('set <name>', 'store a secret; its value is read from the standard input')
    .option('--create', 'make the vault first')
    .action(async (name: string, options: SecretsOptions) => finish(setOne(name, options)));
  add('list', 'names and versions, never values').action(async (options: SecretsOptions) => finish(listAll(options)));
  add('rotate', 'seal the vault with another key').action(async (options: SecretsOptions) => finish(rotate(options)));
}

function report(error: unknown): ExitCode {
  // What the parser of the command line has to say it has said already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  if (error instanceof UsageError || error instanceof ConfigurationError) {
    process.stderr.write(`error: ${error.message}\n`);
    return EXIT.usage;
  }
  if (!(error instanceof ControlZeroError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  return EXIT.failed;
}

/** Runs one command; the exit code comes back. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.fine;
  const finish: Finish = async (result) => {
    code = await result;
  };
  // A reader such as head may stop reading; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const program = new Command('controlzero')
    .description('Policies for LLM calls: write, check, test and compare them.')
    .exitOverride();
  addAuthoringCommands(program, finish);
  addReviewCommands(program, finish);
  addSecretsCommands(program, finish);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return report(error);
  }
}
