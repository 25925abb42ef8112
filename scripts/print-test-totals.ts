// Prints how many tests passed and failed as one plain line, from the reports of all test runs.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

// A run that ended before its report is a failed step; without any report something is wrong here.
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'coverage');
const files = globSync('*results.json', { cwd: folder });
const reports = files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Report);
const sum = (count: (report: Report) => number): number => reports.reduce((total, report) => total + count(report), 0);

const failedSteps = Number(process.argv[2] ?? 0);
const failed = reports.length === 0 ? 1 : sum(({ numFailedTests }) => numFailedTests);
const pending = sum(({ numPendingTests }) => numPendingTests);
const skipped = pending > 0 ? `, ${pending} skipped` : '';

if (failedSteps > 0) console.log(`${failedSteps} ${failedSteps === 1 ? 'step' : 'steps'} failed; see above`);
console.log(
  `${sum(({ numPassedTests }) => numPassedTests)} passed, ${failed === 0 && failedSteps > 0 ? failedSteps : failed} failed${skipped}`,
);
process.exit(failed + failedSteps > 0 ? 1 : 0);
