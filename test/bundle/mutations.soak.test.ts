import { expect, test } from 'vitest';

import type { VerifiedBundle } from '../../src/bundle/verify-bundle.ts';
import { verifyBundle } from '../../src/bundle/verify-bundle.ts';
import { BundleRefusedError } from '../../src/index.ts';
import { mutatedHeader, mutatedPayload } from '../support/bundle-mutations.ts';
import { A, NOW, PROJECT_KEY, STRANGER } from '../support/bundle-scenario.ts';
import { decide } from '../support/decide.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';
import { writeNaiveBundle } from '../support/naive-bundle.ts';
import type { NaiveCase } from '../support/naive-bundle-checker.ts';
import { EXPECTED, checkNaively } from '../support/naive-bundle-checker.ts';
import { createNaiveEvaluator } from '../support/naive-evaluator.ts';
import { createRandom } from '../support/random.ts';
import { repeats } from '../support/soak.ts';

const MUTATIONS = repeats(3000, 200_000);
const seed = fuzzSeed();

const PER_BUNDLE = 12;
const REQUESTS = ['llm.generate', 'embedding.generate', 'database.query', 'llm'].flatMap((action) =>
  ['model/gpt-4', 'model/gpt-4-turbo', 'model/o1'].flatMap((resource) =>
    [{ agent_id: 'premium-1' }, { agent_id: 'basic' }, {}].map((context) => ({ action, resource, context })),
  ),
);

const mark = {
  projectId: EXPECTED.project,
  environment: EXPECTED.environment,
  audience: EXPECTED.audience,
  epoch: EXPECTED.mark.epoch,
  version: EXPECTED.mark.version,
  digest: 'of the version that was accepted last',
  createdAt: 0,
  revokedBefore: 0,
};

interface Mutated {
  readonly bytes: Buffer;
  readonly one: NaiveCase;
}

function mutate(random: ReturnType<typeof createRandom>): Mutated {
  const isTrusted = !random.oneIn(100);
  const hasProjectKey = !random.oneIn(100);
  const key = isTrusted ? A : STRANGER;
  const payload = mutatedPayload(random, A.keyId);
  const projectKey = hasProjectKey ? PROJECT_KEY : Buffer.alloc(32, 1);
  const bytes = writeNaiveBundle(payload, { key, projectKey, header: mutatedHeader(random), nonce: random.below(256) });
  const header = {
    magic: bytes.toString('latin1', 0, 4),
    schemaVersion: bytes.readUInt16LE(4),
    createdAt: bytes.readBigUInt64LE(6),
    count: bytes.readUInt16LE(14),
    signatureOffset: bytes.readUInt32LE(16),
    signatureLength: bytes.readUInt32LE(20),
    reserved: bytes.readBigUInt64LE(24),
  };
  const sealedBytes = bytes.length - 96;
  // Through JSON once, as the reader gets it.
  const read = JSON.parse(JSON.stringify(payload)) as unknown;
  return { bytes, one: { header, sealedBytes, payload: read, keyId: key.keyId, isTrusted, hasProjectKey } };
}

const verify = (bytes: Uint8Array): Promise<VerifiedBundle | BundleRefusedError> =>
  verifyBundle(bytes, {
    now: NOW * 1000,
    projectId: EXPECTED.project,
    environment: EXPECTED.environment,
    clientName: EXPECTED.client,
    projectKey: PROJECT_KEY,
    sdkVersion: EXPECTED.sdk.join('.'),
    trust: { kind: 'first-use', keys: [{ publicKey: A.publicKey, epoch: 1 }] },
    mark,
  }).catch((error: unknown) => {
    if (error instanceof BundleRefusedError) return error;
    throw error;
  });

function compareDecisions(bundle: VerifiedBundle, document: object, first: number): void {
  const naive = createNaiveEvaluator(document);
  for (let count = 0; count < PER_BUNDLE; count += 1) {
    const request = REQUESTS[(first + count * 5) % REQUESTS.length] ?? REQUESTS[0];
    if (!request) continue;
    const { allowed, effect, reasonCode, policy, rule } = decide(bundle.compiled, request);
    const expected = naive(request);
    const isEqual =
      allowed === expected.allowed &&
      effect === expected.effect &&
      policy === expected.policy &&
      rule === expected.rule;
    if (!isEqual)
      expect({ document, request, allowed, effect, reasonCode, policy, rule }).toEqual({
        document,
        request,
        ...expected,
      });
  }
}

test(
  `${MUTATIONS} correctly signed mutations are accepted, refused and read as an independent checker says`,
  { timeout: 1_800_000 },
  async () => {
    const random = createRandom(seed);
    const outcomes = new Map<string, number>();
    const started = performance.now();
    let decisions = 0;
    for (let count = 0; count < MUTATIONS; count += 1) {
      const { bytes, one } = mutate(random);
      const naive = checkNaively(one);
      const outcome = await verify(bytes);
      const found = outcome instanceof BundleRefusedError ? outcome.kind : 'accepted';
      outcomes.set(found, (outcomes.get(found) ?? 0) + 1);
      const isWrong = (found === 'accepted') !== 'document' in naive;
      if (isWrong)
        expect.fail(JSON.stringify({ seed, count, found, message: String(outcome), naive, payload: one.payload }));
      if (outcome instanceof BundleRefusedError || !('document' in naive)) continue;
      compareDecisions(outcome, naive.document, random.below(REQUESTS.length));
      decisions += PER_BUNDLE;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(
      `${MUTATIONS} mutations, ${decisions} decisions, 0 differences, ${seconds} s, FUZZ_SEED=${seed}`,
      Object.fromEntries(outcomes),
    );
    // A run that accepts nothing, or refuses nothing, would show nothing.
    expect(outcomes.get('accepted')).toBeGreaterThan(MUTATIONS / 10);
    for (const kind of ['invalid_data', 'signature', 'wrong_project', 'rollback', 'clock_skew', 'unsupported'])
      expect(outcomes.get(kind), kind).toBeGreaterThan(0);
  },
);
