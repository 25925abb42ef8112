import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { init, parse } from 'es-module-lexer';

/** What each built module imports: other modules of the build by path, and packages by name. */
export interface BuiltModule {
  readonly path: string;
  /** Modules of the build, loaded with this one. */
  readonly imports: readonly string[];
  /** Modules of the build, loaded on demand. */
  readonly onDemand: readonly string[];
  /** Everything else it imports, on demand or not. */
  readonly packages: readonly string[];
}

/** Reads the import graph of a built package. */
export async function readModuleGraph(root: string): Promise<ReadonlyMap<string, BuiltModule>> {
  await Promise.resolve(init);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
  return new Map(files.map((file) => [file, readModule(root, file)]));
}

function readModule(root: string, file: string): BuiltModule {
  const [imports] = parse(readFileSync(join(root, file), 'utf8'));
  const named = imports.flatMap(({ specifier, type }) =>
    typeof specifier === 'string' ? [{ name: specifier, isOnDemand: type === 'dynamic' }] : [],
  );
  const own = named.filter(({ name }) => name.startsWith('.'));
  const resolve = (name: string): string => relative(root, join(root, dirname(file), name));
  return {
    path: file,
    imports: own.filter(({ isOnDemand }) => !isOnDemand).map(({ name }) => resolve(name)),
    onDemand: own.filter(({ isOnDemand }) => isOnDemand).map(({ name }) => resolve(name)),
    packages: named.filter(({ name }) => !name.startsWith('.')).map(({ name }) => name),
  };
}

/** Everything that is loaded, at once or on demand, when an entry is imported. */
export function reachableFrom(graph: ReadonlyMap<string, BuiltModule>, entry: string): readonly BuiltModule[] {
  const reached = new Set<string>([entry]);
  for (const path of reached) {
    const built = graph.get(path);
    for (const next of [...(built?.imports ?? []), ...(built?.onDemand ?? [])]) reached.add(next);
  }
  return Array.from(reached, (path) => graph.get(path)).filter((built) => built !== undefined);
}

/** A cycle among the imports, as a list of paths, or undefined. */
export function findCycle(graph: ReadonlyMap<string, BuiltModule>): readonly string[] | undefined {
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    const built = graph.get(path);
    for (const next of [...(built?.imports ?? []), ...(built?.onDemand ?? [])]) {
      const cycle = visit(next, [...trail, path]);
      if (cycle) return cycle;
    }
    finished.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return undefined;
}
