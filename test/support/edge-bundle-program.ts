// Verifies bundles and opens secrets from the sources, in a context that has what edge runtimes have, and
// nothing of Node: zstd is then decompressed in JavaScript.
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { SourceTextModule, createContext } from 'node:vm';

const WEB_NAMES = ['TextDecoder', 'TextEncoder', 'atob', 'btoa', 'crypto'] as const;

const context = createContext(Object.fromEntries(WEB_NAMES.map((name) => [name, globalThis[name]])));
const modules = new Map<string, SourceTextModule>();

function load(url: string): SourceTextModule {
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
}

function resolve(specifier: string, from: string): string {
  return specifier.startsWith('.') ? new URL(specifier, from).href : import.meta.resolve(specifier);
}

async function start(url: string): Promise<SourceTextModule> {
  const made = load(url);
  if (made.status === 'unlinked') await made.link((specifier, from) => load(resolve(specifier, from.identifier)));
  if (made.status === 'linked') await made.evaluate();
  return made;
}

const program = new SourceTextModule(
  `import { fromHex } from '../../src/bundle/bytes.ts';
   import { openSecrets, sealSecrets } from '../../src/bundle/sealed-secrets.ts';
   import { createSigningKey } from '../../src/bundle/signing-key.ts';
   import { verifyBundle } from '../../src/bundle/verify-bundle.ts';
   export async function run(golden, now) {
     const projectKey = fromHex(golden.project_key);
     const trust = { kind: 'first-use', keys: [{ publicKey: golden.public_key, epoch: null }] };
     const counts = [];
     for (const { bundle } of golden.bundles) {
       const { compiled } = await verifyBundle(fromHex(bundle), { now, projectKey, trust, sdkVersion: '1.0.0' });
       counts.push(compiled.rules.length);
     }
     const changed = fromHex(golden.bundles[0].bundle);
     changed[40] ^= 1;
     const refusal = await verifyBundle(changed, { now, projectKey, trust, sdkVersion: '1.0.0' }).catch((error) => error.kind);
     const signingKey = await createSigningKey();
     const publication = { projectId: 'p', secretsVersion: 1, bundleEpoch: 1, bundleVersion: 1, issuedAt: now / 1000, expiresAt: now / 1000 + 60 };
     const sealed = await sealSecrets(new Map([['a', new TextEncoder().encode('b')]]), { publication, signingKey, projectKey });
     const keys = [{ publicKey: signingKey.publicKey, epoch: 1 }];
     const opened = await openSecrets(sealed, { now, projectId: 'p', projectKey, trust: { kind: 'first-use', keys } });
     return { process: typeof process, counts, refusal, secrets: [...opened.secrets.keys()] };
   }`,
  { context, identifier: import.meta.url },
);
await program.link((specifier, from) => load(resolve(specifier, from.identifier)));
await program.evaluate();
const { run } = program.namespace as { readonly run: (golden: unknown, now: number) => Promise<unknown> };
const golden: unknown = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
process.stdout.write(JSON.stringify(await run(golden, 1_767_225_600_000)));
