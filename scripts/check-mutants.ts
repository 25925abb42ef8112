// Plants one fault after the other into a copy of the engine and lets it be compared with the naive
// evaluator: `npm run mutants`, or `npm run mutants -- memo` for those of one file. A fault that nobody
// notices is a hole in the comparison.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { Mutant } from './engine-mutants.ts';
import { MUTANTS } from './engine-mutants.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const copy = join(root, '.mutants');
const COPIED = ['src/engine', 'src/policy', 'src/errors.ts', 'test/support'] as const;
const DECISIONS = 40_000;
const LONGEST_MS = 60_000;
// Everything but a planted fault that nobody can see: most of them are found in the first second.
const ENOUGH = 0.9;

const program = `
  import { compareCrowded, compareEngines } from ${JSON.stringify(pathToFileURL(join(copy, 'test/support/compare-engines.ts')).href)};
  compareEngines({ decisions: ${DECISIONS}, seed: 1 });
  compareCrowded({ decisions: ${DECISIONS / 4}, seed: 1 });`;

/** What became of a run: everything the same, a difference, or nothing to go by. */
function run(): 'same' | 'differs' | 'breaks' {
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: root,
    encoding: 'utf8',
    timeout: LONGEST_MS,
  });
  if (status === 0) return 'same';
  return stderr.includes('differs:') ? 'differs' : 'breaks';
}

function plant({ file, from, to }: Mutant): () => void {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(from).length !== 2) throw new Error(`${file} does not hold exactly once: ${from}`);
  writeFileSync(
    path,
    source.replace(from, () => to),
  );
  return () => writeFileSync(path, source);
}

rmSync(copy, { recursive: true, force: true });
mkdirSync(copy);
for (const path of COPIED) cpSync(join(root, path), join(copy, path), { recursive: true });

if (run() !== 'same') throw new Error('Without a planted fault there is a difference already.');
const survivors: Mutant[] = [];
const [, , part = ''] = process.argv;
const chosen = MUTANTS.filter(({ file }) => file.includes(part));
for (const mutant of chosen) {
  const restore = plant(mutant);
  const outcome = run();
  restore();
  if (outcome === 'same') survivors.push(mutant);
  console.log(`${outcome.padEnd(8)} ${mutant.file}: ${mutant.from.split('\n')[0]}`);
}
rmSync(copy, { recursive: true, force: true });

const killed = chosen.length - survivors.length;
console.log(`${killed} of ${chosen.length} faults noticed; ${survivors.length} survived`);
for (const { file, from, to } of survivors) console.log(`  ${file}: ${from} -> ${to || '(nothing)'}`);
if (killed < chosen.length * ENOUGH) process.exitCode = 1;
