import type { PolicyProblem } from '../src/index.ts';
import { PolicyInvalidError } from '../src/index.ts';
import { fileSource } from '../src/node/index.ts';
import type { LintFinding } from '../src/testing/index.ts';
import { lintPolicy } from '../src/testing/index.ts';
import { findPolicy } from './find-policy.ts';
import type { CommonOptions, ExitCode } from './terminal.ts';
import { EXIT, colour, count, print, printJson } from './terminal.ts';

async function problemsOf(
  path: string,
): Promise<{ problems: readonly PolicyProblem[]; findings: readonly LintFinding[] }> {
  try {
    return { problems: [], findings: await lintPolicy(fileSource(path)) };
  } catch (error) {
    if (error instanceof PolicyInvalidError) return { problems: error.problems, findings: [] };
    throw error;
  }
}

function showPlace(path: string, { line, column }: { readonly line?: number; readonly column?: number }): string {
  return line === undefined ? path : `${path}:${line}:${column ?? 1}`;
}

function printProblem(path: string, problem: PolicyProblem): void {
  const { message, found, accepted, suggestion } = problem;
  const meant = suggestion === undefined ? '' : ` Did you mean "${suggestion}"?`;
  const where = problem.path === '' ? 'document' : problem.path;
  print(
    `${showPlace(path, problem)} ${colour('red', 'error')} ${where}: ${message} Found ${found}; accepted: ${accepted}.${meant}`,
  );
}

/** Says everything that is wrong with a policy, and what is probably not meant. */
export async function validate({ policy, json, strict }: CommonOptions & { strict?: true }): Promise<ExitCode> {
  const path = await findPolicy(policy);
  const { problems, findings } = await problemsOf(path);
  const isFailed = problems.length > 0 || (strict === true && findings.length > 0);
  if (json) printJson({ policy: path, valid: problems.length === 0, problems, findings });
  else {
    for (const problem of problems) printProblem(path, problem);
    for (const finding of findings) {
      const rule = typeof finding.rule === 'number' ? finding.rule : JSON.stringify(finding.rule);
      print(`${showPlace(path, finding)} ${colour('yellow', finding.kind)} rule ${rule}: ${finding.message}`);
    }
    print(`${path}: ${count(problems.length, 'problem')}, ${count(findings.length, 'finding')}`);
  }
  return isFailed ? EXIT.failed : EXIT.fine;
}
