import type { ReplayChange, ReplayReport } from '../src/testing/index.ts';
import { replayRecords } from '../src/testing/index.ts';
import { policySource } from './find-policy.ts';
import { Progress } from './progress.ts';
import { readLines } from './read-lines.ts';
import type { CommonOptions, ExitCode } from './terminal.ts';
import { EXIT, UsageError, colour, count, print, printJson } from './terminal.ts';

const MOST_SHOWN = 20;

function printChanges(title: string, changes: readonly ReplayChange[]): void {
  if (changes.length === 0) return;
  print(colour('bold', title));
  for (const { agent, action, resource, count: number } of changes.slice(0, MOST_SHOWN))
    print(`  ${String(number).padStart(7)}  ${agent ?? '(no agent)'}  ${action} on ${resource}`);
  if (changes.length > MOST_SHOWN) print(`  and ${changes.length - MOST_SHOWN} more; --json shows them`);
}

function printReport(report: ReplayReport): void {
  printChanges('Newly denied', report.denied);
  printChanges('Newly allowed', report.allowed);
  for (const [key, number] of Object.entries(report.unknownAttributes))
    print(`unknown: ${count(number, 'record')} left open by "${key}", which was not recorded`);
  for (const { line, message } of report.firstUnreadable) print(`line ${line}: ${message}`);
  const { records, newlyDenied, newlyAllowed, unchanged, unknown, unreadable } = report;
  print(
    `${count(records, 'record')}: ${newlyDenied} newly denied, ${newlyAllowed} newly allowed, ${unchanged} unchanged, ${unknown} unknown; ${count(unreadable, 'unreadable line')}`,
  );
}

/** Decides recorded decisions anew with another policy. Fails when a decision changes or cannot be told. */
export async function replay(records: string, { policy, json }: CommonOptions): Promise<ExitCode> {
  const source = await policySource(policy);
  const progress = new Progress();
  const onProgress = (done: number): void => progress.show(`${done.toLocaleString('en')} records`);
  const report = await replayRecords(readLines(records), source, { onProgress })
    .catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      throw new UsageError(`The records ${records} cannot be read: ${(error as Error).message}`);
    })
    .finally(() => progress.end());
  if (json) printJson(report);
  else printReport(report);
  const { newlyDenied, newlyAllowed, unknown, unreadable } = report;
  return newlyDenied + newlyAllowed + unknown + unreadable === 0 ? EXIT.fine : EXIT.failed;
}
