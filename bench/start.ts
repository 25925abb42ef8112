import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { Measurement } from './table.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const MODULES: readonly (readonly [name: string, file: string])[] = [
  ['micromatch', fileURLToPath(import.meta.resolve('micromatch'))],
  ['@controlzero/sdk', join(root, 'dist/src/index.js')],
  ['@controlzero/sdk, first policy read', join(root, 'dist/src/index.js')],
];

const READ = `await m.init({ policy: { rules: [{ effect: 'allow', action: 'a', resource: 'b' }] } });`;

// The time inside a fresh process, from before the import to after it.
function importMs([name, file]: readonly [string, string]): number {
  const script = `const t = performance.now(); const m = await import(${JSON.stringify(pathToFileURL(file).href)});
    ${name.endsWith('read') ? READ : ''} console.log(performance.now() - t); process.exit();`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }));
}

/** What an import costs. */
export const start: Measurement = {
  name: 'start',
  measure: async ({ isQuick }) => {
    const fastest = MODULES.map(() => Number.POSITIVE_INFINITY);
    for (let turn = 0; turn < (isQuick ? 5 : 25); turn += 1) {
      for (const [index, module] of MODULES.entries())
        fastest[index] = Math.min(fastest[index] ?? Number.NaN, importMs(module));
    }
    const [baseline = Number.NaN] = fastest;
    return [
      {
        title: 'Import in a new process, fastest of several',
        columns: ['ms', '/ micromatch'],
        rows: MODULES.map(([name], index) => [name, fastest[index] ?? null, (fastest[index] ?? Number.NaN) / baseline]),
      },
    ];
  },
};
