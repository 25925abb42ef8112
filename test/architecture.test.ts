import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, test } from 'vitest';

import type { GraphModule } from './support/module-graph.ts';
import { findCycle, readModuleGraph } from './support/module-graph.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

// Each folder or file of the core, and what it may import besides itself.
const ARROWS: readonly (readonly [from: RegExp, to: RegExp])[] = [
  [/^src\/policy\//u, /^src\/(?:policy\/|errors\.ts)/u],
  [/^src\/engine\//u, /^src\/(?:engine|policy)\//u],
  [/^src\/errors\.ts$/u, /^src\/policy\/(?:printable|problem)\.ts$/u],
  [/^src\/events\//u, /^src\/(?:events|policy)\//u],
  [/^src\/bundle\//u, /^src\/(?:bundle|engine|policy|errors)|^src\/node\/builtin\.ts/u],
  [
    /^src\/records\//u,
    /^src\/(?:records|events|policy)\/|^src\/sync\/(?:clock|network-pacing|sync-status|until-aborted|wait-until)\.ts|^src\/errors\.ts/u,
  ],
  [/^src\/sources\//u, /^src\/(?:sources|policy)\//u],
  [
    /^src\/hosted\//u,
    /^src\/(?:hosted|bundle|sources|secrets|node|policy)\/|^src\/sync\/(?:clock|in-slices|back-off|network-pacing|retry-after|wait-until)\.ts|^src\/(?:errors|version)\.ts/u,
  ],
  [/^src\/sync\//u, /^src\/(?:sync|engine|policy|errors)|^src\/sources\/source\.ts/u],
  [/^src\/secrets\//u, /^src\/(?:secrets|bundle|policy|errors|sync\/(?:clock|until-aborted)\.ts)/u],
  [/^src\/node\//u, /^src\/(?:node|sources|secrets|bundle|hosted\/(?:hint|protocol)|policy|errors)/u],
];

function sourceFiles(): string[] {
  return ['src', 'adapters', 'cli'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`),
  );
}

function documentedFiles(): string[] {
  const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const tree = /## Tree\n\n```\n(?<tree>.*?)```/su.exec(page)?.groups?.['tree'] ?? '';
  const folders: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [names = ''] = line.trim().split(/ {2,}/u);
    const depth = (line.length - line.trimStart().length) / 2;
    const files = names.split(' ').filter((name) => name.endsWith('.ts'));
    folders.length = depth;
    if (files.length === 0) folders[depth] = names;
    return files.map((file) => [...folders, file].join('/'));
  });
}

describe('architecture', () => {
  let graph: ReadonlyMap<string, GraphModule>;
  beforeAll(async () => {
    graph = await readModuleGraph(root, ['src', 'adapters', 'cli']);
  });

  test('it is two hops from the public face to the place where a decision is made', () => {
    expect(graph.get('src/index.ts')?.imports).toContain('src/client.ts');
    expect(graph.get('src/client.ts')?.imports).toContain('src/judge.ts');
    expect(graph.get('src/judge.ts')?.imports).toContain('src/engine/evaluate.ts');
  });

  test('no module imports itself by a detour', () => {
    expect(findCycle(graph)).toBeUndefined();
  });

  test.each(ARROWS)('modules in %s import only what lies below them', (from, to) => {
    const modules = [...graph.values()].filter(({ path }) => from.test(path));
    const wrong = modules.flatMap(({ path, imports, onDemand }) =>
      [...imports, ...onDemand].filter((next) => !to.test(next)).map((next) => `${path} -> ${next}`),
    );
    expect(wrong).toEqual([]);
  });

  test('an adapter imports its own files and the public face of the core', () => {
    const imports = sourceFiles()
      .filter((file) => file.startsWith('adapters/'))
      .flatMap((file) =>
        Array.from(
          readFileSync(join(root, file), 'utf8').matchAll(/^(?:import|export|\}).* from '([^']+)'/gmu),
          ([, name]) => name,
        ),
      );
    expect(imports).toContain('../../src/index.ts');
    // LangChain's handlers and messages are classes of its core; OpenTelemetry's API is made of functions.
    const allowed = /^(?:\.\.\/\.\.\/src\/index\.ts|\.\/[a-z-]+\.ts|@langchain\/core\/[a-z/]+|@opentelemetry\/api)$/u;
    expect(imports.filter((name) => !allowed.test(name ?? ''))).toEqual([]);
  });

  test('the command imports its own files and what the package exports', () => {
    const imports = sourceFiles()
      .filter((file) => file.startsWith('cli/'))
      .flatMap((file) =>
        Array.from(readFileSync(join(root, file), 'utf8').matchAll(/ from '([^']+)'/gu), ([, name = '']) => name),
      );
    expect(imports).toContain('../src/testing/index.ts');
    const allowed = /^(?:\.\.\/src\/(?:node\/|testing\/)?index\.ts|\.\/[a-z-]+\.ts|node:[a-z/]+|commander)$/u;
    expect(imports.filter((name) => !allowed.test(name))).toEqual([]);
  });

  test('./otel needs the API of OpenTelemetry, and no package besides', () => {
    const own = [...graph.values()].filter(({ path }) => path.startsWith('adapters/otel/'));
    expect(new Set(own.flatMap(({ packages }) => packages))).toEqual(new Set(['@opentelemetry/api']));
  });

  test('no source file has more than 400 lines', () => {
    const long = sourceFiles().filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 400);
    expect(long).toEqual([]);
  });

  test('ARCHITECTURE.md shows every source file, and no other', () => {
    expect(documentedFiles().toSorted()).toEqual(sourceFiles().toSorted());
  });
});
