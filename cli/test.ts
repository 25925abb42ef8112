import { stat } from 'node:fs/promises';

import { fileSource } from '../src/node/index.ts';
import type { PolicyCase, PolicyCaseResult, PolicyTestReport } from '../src/testing/index.ts';
import { readPolicyCases, testPolicy } from '../src/testing/index.ts';
import { findPolicy } from './find-policy.ts';
import type { CommonOptions, ExitCode } from './terminal.ts';
import { EXIT, UsageError, colour, print, printJson, showEffect } from './terminal.ts';

async function besidePolicy(policy: string): Promise<string> {
  const stem = policy.replace(/\.[^.]+$/u, '');
  const names = ['yaml', 'yml', 'json'].map((extension) => `${stem}.test.${extension}`);
  for (const name of names) if (await stat(name).catch(() => undefined)) return name;
  throw new UsageError(`No policy tests found. Write them into ${names[0]}, or name their files.`);
}

async function readCases(path: string): Promise<readonly PolicyCase[]> {
  const snapshot = await fileSource(path).read({ signal: new AbortController().signal });
  return readPolicyCases((await snapshot.parse()).document);
}

function describe(one: PolicyCase): string {
  const context = { ...(one.agent !== undefined && { agent_id: one.agent }), ...one.context };
  const shown = Object.entries(context).map(([key, value]) => ` ${key}=${value}`);
  return `${one.action} on ${one.resource}${shown.join('')}`;
}

function printFailure({ case: one, decision }: PolicyCaseResult): void {
  print(`${colour('red', 'failed')} ${one.name ?? describe(one)}`);
  if (one.name !== undefined) print(`  ${describe(one)}`);
  print(`  ${colour('green', `- expected: ${one.expect}${one.rule === undefined ? '' : ` by rule ${one.rule}`}`)}`);
  const by = decision.rule === null ? decision.reasonCode : `rule ${decision.rule}`;
  print(`  ${colour('red', `+ decided:  ${decision.effect} by ${by}`)}`);
}

function printReport({ results, coverage }: PolicyTestReport): void {
  for (const result of results) {
    if (result.passed)
      print(
        `${colour('green', 'passed')} ${result.case.name ?? describe(result.case)} (${showEffect(result.case.expect)})`,
      );
    else printFailure(result);
  }
  const covered = coverage.filter(({ decided }) => decided > 0).length;
  print(
    `${results.filter(({ passed }) => passed).length} of ${results.length} tests passed; ${covered} of ${coverage.length} rules decided one`,
  );
  for (const { policy, rule, decided } of coverage) if (decided === 0) print(`  not tested: rule ${rule} of ${policy}`);
}

/** Runs the tests of a policy. */
export async function test(files: readonly string[], { policy, json }: CommonOptions): Promise<ExitCode> {
  const path = await findPolicy(policy);
  const named = files.length === 0 ? [await besidePolicy(path)] : files;
  const cases = await Promise.all(named.map(readCases));
  const report = await testPolicy(fileSource(path), cases.flat());
  if (json) printJson(report);
  else printReport(report);
  return report.passed ? EXIT.fine : EXIT.failed;
}
