import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly resolved?: string;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
const files = globSync('examples/*/package-lock.json', { cwd: root });

test('there are examples with packages of their own', () => {
  expect(files).toContain('examples/nextjs-route/package-lock.json');
});

describe.each(files)('%s', (file) => {
  const { packages } = read(file) as { readonly packages: Readonly<Record<string, Manifest>> };

  test('knows what this package depends on', () => {
    const { version, dependencies } = read('package.json') as Manifest;
    const locked = packages['node_modules/@controlzero/sdk'];
    // A copy that lacks something would be installed.
    const whatToDo = 'Run npm run lockfile.';
    expect({ version: locked?.version, dependencies: locked?.dependencies }, whatToDo).toEqual({
      version,
      dependencies,
    });
  });

  test('names no registry', () => {
    const places = Object.values(packages).flatMap(({ resolved }) => resolved ?? []);
    expect(places).toEqual(['file:../..']);
  });
});
