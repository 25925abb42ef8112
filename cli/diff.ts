import { fileSource } from '../src/node/index.ts';
import type { PolicyDifference } from '../src/testing/index.ts';
import { diffPolicies } from '../src/testing/index.ts';
import type { CommonOptions, ExitCode } from './terminal.ts';
import { EXIT, count, print, printJson, showEffect } from './terminal.ts';

function describe({ effect, rule, reasonCode }: PolicyDifference['before']): string {
  return `${showEffect(effect)} (${rule === null ? reasonCode : `rule ${rule}`})`;
}

function printDifference({ request, before, after, count: number }: PolicyDifference): void {
  const context = Object.entries(request.context).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const aliases = request.aliases ? `, also known as ${request.aliases.join(', ')}` : '';
  print(`${describe(before)} -> ${describe(after)}: ${count(number, 'kind')} of request`);
  print(`  for example ${request.action} on ${request.resource}${aliases}${context.join('')}`);
}

/** Says which decisions change between two policies. Fails when one does. */
export async function diff(before: string, after: string, { json }: CommonOptions): Promise<ExitCode> {
  const result = await diffPolicies(fileSource(before), fileSource(after));
  const { differences, isComplete } = result;
  if (json) printJson(result);
  else {
    for (const difference of differences) printDifference(difference);
    if (differences.length === 0 && isComplete) print('No decision changes.');
    if (!isComplete) print('Not all requests were compared; decisions other than these may change.');
  }
  return differences.length === 0 && isComplete ? EXIT.fine : EXIT.failed;
}
