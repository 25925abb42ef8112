import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The built command. */
export const CLI: string = join(root, 'dist/cli/controlzero.js');

/** What a run of the command left behind. */
export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How the command is run. */
export interface CliOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
  /** What stands on its standard input. Default: nothing. */
  readonly input?: string;
}

/** Runs the built command in a process of its own, without this process's Control Zero variables. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(?:CONTROLZERO_|NODE_|FORCE_COLOR)/u.test(name));
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), CLI, ...args], {
    cwd: options.cwd,
    env: { ...Object.fromEntries(inherited), ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Commands that read nothing may be gone before it is written.
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  return { code, stdout, stderr };
}
