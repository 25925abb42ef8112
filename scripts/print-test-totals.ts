// Prints how many tests passed and failed as one plain line, from the report of the test run.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

const file = join(dirname(fileURLToPath(import.meta.url)), '..', 'coverage', 'results.json');
const report = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined;
const failedSteps = Number(process.argv[2] ?? 0);
const failed = report ? report.numFailedTests : 1;
const skipped = report && report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : '';

if (failedSteps > 0) console.log(`${failedSteps} ${failedSteps === 1 ? 'step' : 'steps'} failed; see above`);
console.log(
  `${report?.numPassedTests ?? 0} passed, ${failed === 0 && failedSteps > 0 ? failedSteps : failed} failed${skipped}`,
);
process.exit(failed + failedSteps > 0 ? 1 : 0);
