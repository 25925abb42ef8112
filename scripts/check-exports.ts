// Fails when `exports`, the build and the documentation of the public names disagree.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import configs from '../tsdown.config.ts';

interface Entry {
  readonly types: string;
  readonly default: string;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly exports: Readonly<Record<string, Entry | string>>;
  readonly bin: Readonly<Record<string, string>>;
};
const problems: string[] = [];

function sourceOf(entry: Entry): string {
  return entry.default.replace('./dist/', '').replace(/\.js$/u, '.ts');
}

function checkEntry(subpath: string, entry: Entry): void {
  for (const file of [entry.types, entry.default]) {
    if (!existsSync(join(root, file)))
      problems.push(`exports["${subpath}"] names ${file}, which the build does not make.`);
  }
  const name = subpath === '.' ? manifest.name : manifest.name + subpath.slice(1);
  const source = readFileSync(join(root, sourceOf(entry)), 'utf8');
  if (!source.includes(`@module ${name}\n`)) problems.push(`${sourceOf(entry)} lacks the header "@module ${name}".`);
  if (/export \*/u.test(source)) problems.push(`${sourceOf(entry)} re-exports by star; name what is public.`);
}

// The names an entry re-exports, each with the file that declares it.
function exportedNames(entry: Entry): readonly (readonly [name: string, file: string])[] {
  const source = readFileSync(join(root, sourceOf(entry)), 'utf8');
  const clauses = source.matchAll(/export (?:type )?\{([^}]+)\} from '([^']+)'/gu);
  return Array.from(clauses, ([, names = '', from = '']) => {
    const file = join(dirname(sourceOf(entry)), from);
    return names.split(',').map((name) => [name.trim(), file] as const);
  })
    .flat()
    .filter(([name]) => name !== '');
}

function checkDocumented(subpath: string, entry: Entry): number {
  const names = exportedNames(entry);
  for (const [name, file] of names) {
    const source = readFileSync(join(root, file), 'utf8');
    const declared = new RegExp(
      `\\*/\\s*export (?:async )?(?:abstract )?(?:class|function|const|interface|type) ${name}\\b`,
      'u',
    );
    if (!declared.test(source)) problems.push(`${subpath} exports ${name}, which has no docstring in ${file}.`);
  }
  return names.length;
}

function checkBuildEntries(entries: readonly Entry[]): void {
  const bins = Object.values(manifest.bin).map((file) => file.replace('./dist/', '').replace(/\.js$/u, '.ts'));
  const exported = new Set([...entries.map(sourceOf), ...bins]);
  const [built = []] = (configs as readonly { readonly entry: readonly string[] }[]).map((config) => config.entry);
  for (const entry of built) if (!exported.has(entry)) problems.push(`tsdown builds ${entry}, which nothing exports.`);
  for (const entry of exported)
    if (!built.includes(entry)) problems.push(`exports names ${entry}, which tsdown does not build.`);
}

function checkMentionedSubpaths(subpaths: readonly string[]): void {
  const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root })];
  for (const page of pages) {
    for (const [specifier] of readFileSync(join(root, page), 'utf8').matchAll(
      /@controlzero\/sdk(?:\/[a-z-]+)?(?=')/gu,
    )) {
      const subpath = specifier.replace(manifest.name, '.');
      if (!subpaths.includes(subpath)) problems.push(`${page} mentions ${specifier}, which is not exported.`);
    }
  }
}

const entries = Object.entries(manifest.exports).filter((pair): pair is [string, Entry] => typeof pair[1] !== 'string');
let documented = 0;
for (const [subpath, entry] of entries) {
  checkEntry(subpath, entry);
  documented += checkDocumented(subpath, entry);
  // A graph without top-level await can also be required, which is how CommonJS code loads the package.
  createRequire(import.meta.url)(join(root, entry.default));
}
checkBuildEntries(entries.map(([, entry]) => entry));
checkMentionedSubpaths(entries.map(([subpath]) => subpath));

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`exports: ${entries.length} subpaths, ${documented} public names, all built and documented`);
