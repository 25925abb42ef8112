import type { PolicyProblem } from '../src/index.ts';
import { PolicyInvalidError } from '../src/index.ts';
import { fileSource } from '../src/node/index.ts';
import type { PolicyLint } from '../src/testing/index.ts';
import { lintPolicy } from '../src/testing/index.ts';
import { findPolicy } from './find-policy.ts';
import { Progress } from './progress.ts';
import type { CommonOptions, ExitCode } from './terminal.ts';
import { EXIT, colour, count, print, printJson } from './terminal.ts';

async function lint(path: string): Promise<PolicyLint> {
  const progress = new Progress();
  const onProgress = (rules: number, all: number): void =>
    progress.show(`${rules.toLocaleString('en')} of ${all.toLocaleString('en')} rules`);
  return lintPolicy(fileSource(path), { onProgress }).finally(() => progress.end());
}

// A policy with problems is not linted: nothing about its rules was found out.
async function problemsOf(path: string): Promise<PolicyLint & { readonly problems: readonly PolicyProblem[] }> {
  try {
    return { problems: [], ...(await lint(path)) };
  } catch (error) {
    if (error instanceof PolicyInvalidError) return { problems: error.problems, findings: [], isComplete: false };
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
  const { problems, findings, isComplete } = await problemsOf(path);
  const isFailed = problems.length > 0 || (strict === true && findings.length > 0);
  if (json) printJson({ policy: path, valid: problems.length === 0, problems, findings, isComplete });
  else {
    for (const problem of problems) printProblem(path, problem);
    for (const finding of findings) {
      const rule = typeof finding.rule === 'number' ? finding.rule : JSON.stringify(finding.rule);
      print(`${showPlace(path, finding)} ${colour('yellow', finding.kind)} rule ${rule}: ${finding.message}`);
    }
    if (problems.length === 0 && !isComplete)
      print(
        `${path}: ${colour('yellow', 'note')} Not all rules were compared, because that would take too long; there may be more findings.`,
      );
    print(`${path}: ${count(problems.length, 'problem')}, ${count(findings.length, 'finding')}`);
  }
  return isFailed ? EXIT.failed : EXIT.fine;
}
