import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { beforeAll, describe, expect, test } from 'vitest';

import type { GraphModule } from './support/module-graph.ts';
import { findCycle, loadedWith, reachableFrom, readModuleGraph } from './support/module-graph.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const FRAMEWORK = /^(?:openai|langchain|ai|@langchain\/.+|@ai-sdk\/.+)$/u;
const ADAPTERS = [
  'adapters/openai/index.js',
  'adapters/ai-sdk/index.js',
  'adapters/langchain/index.js',
  'adapters/otel/index.js',
];
const ENTRIES = [
  'src/index.js',
  'src/node/index.js',
  'src/testing/index.js',
  'adapters/openai/index.js',
  'adapters/ai-sdk/index.js',
];

function run(program: string, ...flags: readonly string[]): string {
  return execFileSync(process.execPath, [...flags, '--input-type=module', '-e', program], { encoding: 'utf8' });
}

function urlOf(entry: string): string {
  return JSON.stringify(pathToFileURL(join(dist, entry)).href);
}

describe('what is published', () => {
  let graph: ReadonlyMap<string, GraphModule>;
  beforeAll(async () => {
    graph = await readModuleGraph(dist);
  });

  const pathsOf = (modules: readonly GraphModule[]): string[] => modules.map(({ path }) => path);

  // What is loaded on demand uses the core, which asks for it.
  test('it has every entry, and no file is loaded with itself', () => {
    expect([...graph.keys()]).toEqual(expect.arrayContaining([...ENTRIES, ...ADAPTERS]));
    expect(findCycle(graph, ({ imports }) => imports)).toBeUndefined();
  });

  test('the root is its face and one file more at import, without any package', () => {
    const loaded = loadedWith(graph, 'src/index.js');
    expect(pathsOf(loaded)).toEqual(['src/index.js', 'chunks/core.js']);
    expect(loaded.flatMap(({ packages }) => packages)).toEqual([]);
  });

  test.each(ADAPTERS)('%s is one file beside the file of the core', (entry) => {
    expect(pathsOf(loadedWith(graph, entry))).toEqual([entry, 'chunks/core.js']);
  });

  test('a policy, a file, secrets, records and a control plane are loaded on demand, as few files', () => {
    const loadedOnDemand = (entry: string): string[] =>
      pathsOf(loadedWith(graph, entry)).filter((path) => path !== 'chunks/core.js');
    expect(graph.get('chunks/core.js')?.onDemand.toSorted()).toEqual([
      'chunks/configuration-key.js',
      'chunks/decision-log.js',
      'chunks/open-refresher.js',
      'chunks/open-secrets.js',
    ]);
    expect(loadedOnDemand('chunks/open-refresher.js')).toEqual(['chunks/open-refresher.js', 'chunks/policy.js']);
    expect(loadedOnDemand('chunks/decision-log.js').length).toBeLessThanOrEqual(3);
    expect(loadedOnDemand('chunks/open-secrets.js').length).toBeLessThanOrEqual(4);
    expect(loadedOnDemand('chunks/open-hosted-source.js').length).toBeLessThanOrEqual(7);
  });

  test.each(ENTRIES)('%s reaches no Node module and no framework by import', (entry) => {
    const reached = reachableFrom(graph, entry);
    const packages = [
      ...reached.flatMap((built) => built.packages),
      ...reached.flatMap((built) => built.packagesOnDemand),
    ];
    expect(packages.filter((name) => name.startsWith('node:') || FRAMEWORK.test(name))).toEqual([]);
    expect(packages.filter((name) => !['eventsource-parser', 'fzstd', 'valibot', 'yaml'].includes(name))).toEqual([]);
  });

  test.each(ENTRIES)('importing %s has no side effects', (entry) => {
    const output = run(`
      const before = Reflect.ownKeys(globalThis).length;
      await import(${urlOf(entry)});
      const resources = process.getActiveResourcesInfo().filter((name) => name.includes('Timeout') || name.includes('Immediate'));
      console.log(JSON.stringify([Reflect.ownKeys(globalThis).length - before, resources]));`);
    expect(JSON.parse(output)).toEqual([0, []]);
  });

  test('it exports what the source does, whether imported or required, and one set of classes', async () => {
    const built = (await import(/* @vite-ignore */ pathToFileURL(join(dist, 'src/index.js')).href)) as object;
    const source: object = await import('../src/index.ts');
    expect(Object.keys(built).toSorted()).toEqual(Object.keys(source).toSorted());
    const shared = run(`
      import { createRequire } from 'node:module';
      const face = await import(${urlOf('src/index.js')});
      const { ControlZeroError, PolicyDeniedError } = face;
      const required = createRequire(import.meta.url)(${JSON.stringify(join(dist, 'src/index.js'))});
      const { fileSource } = await import(${urlOf('src/node/index.js')});
      const { createTestControlZero } = await import(${urlOf('src/testing/index.js')});
      const missing = await fileSource('/nowhere.json').read({}).catch((error) => error);
      const { cz } = await createTestControlZero({ rules: [] });
      const denied = await cz.enforce({ action: 'llm.generate', resource: 'model/a' }).catch((error) => error);
      const own = (error, kind) => Object.getPrototypeOf(error) === kind.prototype || Object.getPrototypeOf(Object.getPrototypeOf(error)) === kind.prototype;
      console.log(JSON.stringify([required === face, own(missing, ControlZeroError), own(denied, PolicyDeniedError)]));`);
    expect(JSON.parse(shared)).toEqual([true, true, true]);
  });

  test('stacks name functions, and with source maps the files they were written in', () => {
    const program = `
      const { ControlZero } = await import(${urlOf('src/index.js')});
      try { new ControlZero({ refreshInterval: -1 }); } catch (error) { console.log(error.stack); }`;
    expect(run(program)).toMatch(/at new ControlZero \(.*dist\/chunks\/core\.js/u);
    expect(run(program, '--enable-source-maps')).toMatch(/at .*new ControlZero.* \(.*src\/client\.ts:\d+:\d+\)/u);
  });

  test.each(['chunks/core.js', 'chunks/policy.js', ...ADAPTERS])('the map of %s holds its sources', (file) => {
    const map = JSON.parse(readFileSync(join(dist, `${file}.map`), 'utf8')) as {
      readonly sources: readonly string[];
      readonly sourcesContent: readonly string[];
    };
    const paths = map.sources.map((source) => resolve(dirname(join(dist, file)), source));
    expect(paths.length).toBeGreaterThan(5);
    expect(map.sourcesContent).toEqual(paths.map((path) => readFileSync(path, 'utf8')));
  });
});
