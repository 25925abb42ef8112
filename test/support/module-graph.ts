import { readFileSync, readdirSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';

import { init, parse } from 'es-module-lexer';

/** What a module imports: other modules of the same tree by path, and packages by name. */
export interface GraphModule {
  readonly path: string;
  /** Modules of the tree, loaded with this one. */
  readonly imports: readonly string[];
  /** Modules of the tree, loaded on demand. */
  readonly onDemand: readonly string[];
  /** Packages, loaded with this one. */
  readonly packages: readonly string[];
  /** Packages, loaded on demand. */
  readonly packagesOnDemand: readonly string[];
}

/** Reads the import graph of some folders: of a build (`.js`), or of sources (`.ts`, imports of types left out). */
export async function readModuleGraph(
  root: string,
  folders: readonly string[] = ['.'],
): Promise<ReadonlyMap<string, GraphModule>> {
  await Promise.resolve(init);
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const modules = files.filter((file) => /(?:\.js|(?<!\.d)\.ts)$/u.test(file));
  return new Map(modules.map((file) => [file, readModule(root, file)]));
}

function readModule(root: string, file: string): GraphModule {
  const text = readFileSync(join(root, file), 'utf8');
  const [imports] = parse(file.endsWith('.ts') ? stripTypeScriptTypes(text) : text);
  const names = (isOnDemand: boolean): string[] =>
    imports.flatMap(({ specifier, type }) =>
      typeof specifier === 'string' && (type === 'dynamic') === isOnDemand ? [specifier] : [],
    );
  const own = (isOnDemand: boolean): string[] =>
    names(isOnDemand)
      .filter((name) => name.startsWith('.'))
      .map((name) => relative(root, join(root, dirname(file), name)));
  const packages = (isOnDemand: boolean): string[] => names(isOnDemand).filter((name) => !name.startsWith('.'));
  return {
    path: file,
    imports: own(false),
    onDemand: own(true),
    packages: packages(false),
    packagesOnDemand: packages(true),
  };
}

/** Everything that a module names. */
function importsOf({ imports, onDemand }: GraphModule): readonly string[] {
  return [...imports, ...onDemand];
}

/** Everything that is loaded, at once or on demand, when an entry is imported. */
export function reachableFrom(graph: ReadonlyMap<string, GraphModule>, entry: string): readonly GraphModule[] {
  return follow(graph, entry, importsOf);
}

/** Everything that is loaded at once when an entry is imported. */
export function loadedWith(graph: ReadonlyMap<string, GraphModule>, entry: string): readonly GraphModule[] {
  return follow(graph, entry, (found) => found.imports);
}

function follow(
  graph: ReadonlyMap<string, GraphModule>,
  entry: string,
  nextOf: (found: GraphModule) => readonly string[],
): readonly GraphModule[] {
  const reached = new Set<string>([entry]);
  for (const path of reached) {
    const found = graph.get(path);
    if (found) for (const next of nextOf(found)) reached.add(next);
  }
  return Array.from(reached, (path) => graph.get(path)).filter((found) => found !== undefined);
}

/** A cycle among the imports, as a list of paths, or undefined. @param nextOf the imports that count */
export function findCycle(
  graph: ReadonlyMap<string, GraphModule>,
  nextOf: (found: GraphModule) => readonly string[] = importsOf,
): readonly string[] | undefined {
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    const found = graph.get(path);
    for (const next of found ? nextOf(found) : []) {
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
