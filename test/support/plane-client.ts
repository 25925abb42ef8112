import { fromBase64 } from '../../src/bundle/bytes.ts';
import type { KeyTrust } from '../../src/bundle/key-trust.ts';
import { chooseTrust } from '../../src/bundle/key-trust.ts';
import type { OpenedSecrets } from '../../src/bundle/sealed-secrets.ts';
import { openSecrets } from '../../src/bundle/sealed-secrets.ts';
import type { VerifiedBundle, VerifyBundleOptions } from '../../src/bundle/verify-bundle.ts';
import { verifyBundle } from '../../src/bundle/verify-bundle.ts';
import type { TestControlPlane } from '../../src/testing/index.ts';

interface Bootstrap {
  readonly project_id: string;
  readonly project_encryption_key_b64: string;
  readonly signing_pubkey_hex: string;
  readonly [key: string]: unknown;
}

/** The smallest client of a control plane: the protocol by hand, and the codec of the package. */
export interface PlaneClient {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(path: string, body: unknown): Promise<Response>;
  bootstrap(): Promise<Bootstrap>;
  pull(changes?: Partial<VerifyBundleOptions>): Promise<VerifiedBundle>;
  secrets(trust: KeyTrust): Promise<OpenedSecrets>;
}

/** Talks to a control plane with one of its keys. */
export function planeClient(plane: TestControlPlane, apiKey: string = plane.apiKey): PlaneClient {
  const headers = { authorization: `Bearer ${apiKey}` };
  const get: PlaneClient['get'] = (path, more = {}) =>
    fetch(`${plane.url}${path}`, { headers: { ...headers, ...more }, redirect: 'manual' });
  const bytesOf = async (path: string): Promise<Uint8Array> => new Uint8Array(await (await get(path)).arrayBuffer());
  const bootstrap = async (): Promise<Bootstrap> => (await (await get('/v1/sdk/bootstrap')).json()) as Bootstrap;
  const keyOf = (answer: Bootstrap): Uint8Array => fromBase64(answer.project_encryption_key_b64) ?? new Uint8Array();
  return {
    get,
    post: (path, body) => fetch(`${plane.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) }),
    bootstrap,
    pull: async (changes = {}) => {
      const answer = await bootstrap();
      const trust = chooseTrust({ offered: answer.signing_pubkey_hex }) as KeyTrust;
      const options = {
        now: Date.now(),
        projectId: answer.project_id,
        projectKey: keyOf(answer),
        sdkVersion: '1.0.0',
        trust,
      };
      return verifyBundle(await bytesOf('/v1/sdk/policies/pull'), { ...options, ...changes });
    },
    secrets: async (trust) => {
      const answer = await bootstrap();
      const options = { now: Date.now(), projectId: answer.project_id, projectKey: keyOf(answer), trust };
      return openSecrets(await bytesOf('/v1/sdk/secrets'), options);
    },
  };
}
