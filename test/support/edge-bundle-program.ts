// Verifies bundles and opens secrets from the sources, in a context that has what edge runtimes have, and
// nothing of Node: zstd is then decompressed in JavaScript.
import { readFileSync } from 'node:fs';

import { runOnEdge } from './edge-context.ts';

const WEB_NAMES = ['TextDecoder', 'TextEncoder', 'atob', 'btoa', 'crypto'] as const;

const program = `import { fromHex } from '../../src/bundle/bytes.ts';
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
   }`;
const { run } = (await runOnEdge(program, { names: WEB_NAMES, from: import.meta.url })) as {
  readonly run: (golden: unknown, now: number) => Promise<unknown>;
};
const golden: unknown = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
process.stdout.write(JSON.stringify(await run(golden, 1_767_225_600_000)));
