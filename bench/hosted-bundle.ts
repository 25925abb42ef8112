import { bundlePayload, wirePolicies } from '../src/bundle/bundle-payload.ts';
import type { Bytes } from '../src/bundle/bytes.ts';
import { jsonDigest } from '../src/bundle/canonical-json.ts';
import { compileTranslated } from '../src/bundle/compile-translated.ts';
import { readContainer } from '../src/bundle/container.ts';
import { encodeBundle } from '../src/bundle/encode-bundle.ts';
import { readJsonObject } from '../src/bundle/json-payload.ts';
import { findSigner } from '../src/bundle/key-trust.ts';
import { openPayload } from '../src/bundle/sealed-payload.ts';
import { createSigningKey } from '../src/bundle/signing-key.ts';
import { translatePayload } from '../src/bundle/translate-payload.ts';
import type { VerifyBundleOptions } from '../src/bundle/verify-bundle.ts';
import { MAX_BUNDLE_BYTES, verifyBundle } from '../src/bundle/verify-bundle.ts';
import { decompress } from '../src/bundle/zstd.ts';
import type { Policy } from '../src/index.ts';
import { finish } from '../src/policy/steps.ts';
import { activate } from '../src/sync/active-policy.ts';
import { inSlices } from '../src/sync/in-slices.ts';
import type { BestTimes } from './best-times.ts';

const PROJECT = 'proj_bench';
const NOW_SECONDS = 1_767_225_600;
const DAY_SECONDS = 86_400;
const MAX_UNPACKED_BYTES = 2 ** 25;

/** A policy as a control plane publishes it: signed, encrypted, compressed. */
export class HostedBundle {
  readonly #bytes: Bytes;
  readonly #options: VerifyBundleOptions;

  private constructor(bytes: Bytes, options: VerifyBundleOptions) {
    this.#bytes = bytes;
    this.#options = options;
  }

  static async of(policy: Policy): Promise<HostedBundle> {
    const signingKey = await createSigningKey();
    const { publicKey } = signingKey;
    const [issuedAt, expiresAt] = [NOW_SECONDS, NOW_SECONDS + DAY_SECONDS];
    const publication = { projectId: PROJECT, epoch: 1, version: 1, issuedAt, expiresAt, publicKey };
    const payload = await bundlePayload(wirePolicies(policy), publication);
    const projectKey = crypto.getRandomValues(new Uint8Array(32));
    const bytes = await encodeBundle(payload, { signingKey, projectKey, createdAt: issuedAt, policyCount: 1 });
    return new HostedBundle(bytes, {
      trust: { kind: 'first-use', keys: [{ publicKey, epoch: null }] },
      projectKey,
      projectId: PROJECT,
      sdkVersion: '1.0.0',
      now: NOW_SECONDS * 1000,
      run: inSlices,
    });
  }

  /** From the bytes to what decides, as a client does it. */
  async apply(): Promise<void> {
    const { compiled, revision } = await verifyBundle(this.#bytes, this.#options);
    const parse = async (): Promise<never> => Promise.reject(new Error('It is compiled already.'));
    await activate({ revision, origin: 'a bench', compiled, parse }, { kind: 'bench', at: 0 });
  }

  /** The long parts of it, one after the other and without a pause. */
  async timeParts(best: BestTimes): Promise<void> {
    const { trust, projectKey } = this.#options;
    const packed = await best.time('signature and decryption', async () => {
      const { signed, signature, payload } = readContainer(this.#bytes, 'CZ01', MAX_BUNDLE_BYTES);
      await findSigner(trust, { message: signed, signature });
      return openPayload(payload, { projectKey });
    });
    const unpacked = await best.time('decompression', async () => decompress(packed, MAX_UNPACKED_BYTES));
    const payload = await best.time('JSON', () => readJsonObject(unpacked));
    await best.time('canonical JSON and its digest', async () => jsonDigest(payload));
    await best.time('rules translated and compiled', () => {
      const audience = { integrity: 'versioned', projectId: PROJECT, clientName: undefined } as const;
      return finish(compileTranslated(translatePayload(payload, audience).policies, 'bench'));
    });
  }
}
