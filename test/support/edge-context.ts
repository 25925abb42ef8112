// What edge runtimes have, and nothing of Node: a context with the web's names and modules of its own.
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { SourceTextModule, createContext } from 'node:vm';

/**
 * Evaluates a program in such a context and gives what it exports.
 *
 * @param names the globals it may use
 * @param from the address that its imports are relative to
 */
export async function runOnEdge(
  program: string,
  { names, from }: { readonly names: readonly (keyof typeof globalThis)[]; readonly from: string },
): Promise<object> {
  const context = createContext(Object.fromEntries(names.map((name) => [name, globalThis[name]])));
  const modules = new Map<string, SourceTextModule>();

  const load = (url: string): SourceTextModule => {
    const known = modules.get(url);
    if (known) return known;
    if (!url.startsWith('file:')) throw new Error(`${url} is not there on an edge runtime.`);
    const text = readFileSync(fileURLToPath(url), 'utf8');
    const made = new SourceTextModule(url.endsWith('.ts') ? stripTypeScriptTypes(text) : text, {
      context,
      identifier: url,
      importModuleDynamically: async (specifier) => start(resolve(specifier, url)),
    });
    modules.set(url, made);
    return made;
  };
  const resolve = (specifier: string, importer: string): string =>
    specifier.startsWith('.') ? new URL(specifier, importer).href : import.meta.resolve(specifier);
  const link = (made: SourceTextModule): Promise<void> =>
    made.link((specifier, importer) => load(resolve(specifier, importer.identifier)));
  const start = async (url: string): Promise<SourceTextModule> => {
    const made = load(url);
    if (made.status === 'unlinked') await link(made);
    if (made.status === 'linked') await made.evaluate();
    return made;
  };

  const main = new SourceTextModule(program, { context, identifier: from });
  await link(main);
  await main.evaluate();
  return main.namespace;
}
