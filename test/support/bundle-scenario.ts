import type { NaiveBundle, NaiveKey } from './naive-bundle.ts';
import { naiveKey, policiesDigest, writeNaiveBundle } from './naive-bundle.ts';

/** One step of a scenario, as it stands in the JSON files of test/conformance. */
export type ScenarioStep = {
  /** `accepted`, or the kind of the refusal. */
  readonly expect: string;
  /** Seconds since the epoch; default: that of the scenario. */
  readonly now?: number;
} & (
  | {
      /** Base64. */
      readonly bundle: string;
      readonly environment?: string;
      readonly audience?: string;
      readonly min_bundle_version?: number;
      /** Base64; default: that of the scenario. */
      readonly project_key?: string;
    }
  | {
      /** The text of a chain of rotations, which changes the trust when it is accepted. */
      readonly rotations: string;
    }
);

/** One named case: what is trusted at the start, and what comes then. State is kept from step to step. */
export interface Scenario {
  readonly name: string;
  readonly trust: { readonly kind: string; readonly keys: readonly { publicKey: string; epoch: number | null }[] };
  readonly steps: readonly ScenarioStep[];
}

/** 2026-01-01T00:00:00Z. */
export const NOW = 1_767_225_600;
export const DAY = 86_400;
export const PROJECT_KEY: Buffer = Buffer.alloc(32, 7);

export const A: NaiveKey = naiveKey(1);
export const B: NaiveKey = naiveKey(2);
export const C: NaiveKey = naiveKey(3);
/** A key that nobody has ever trusted. */
export const STRANGER: NaiveKey = naiveKey(9);

/** Trust on first use in a key. */
export const firstUse = (key: NaiveKey, epoch: number | null = null): Scenario['trust'] => ({
  kind: 'first-use',
  keys: [{ publicKey: key.publicKey, epoch }],
});

/** Trust in keys that the operator named. */
export const pinned = (...keys: readonly NaiveKey[]): Scenario['trust'] => ({
  kind: 'pinned',
  keys: keys.map(({ publicKey }) => ({ publicKey, epoch: null })),
});

export const policyNamed = (name: string): object => ({
  id: name,
  name,
  rules: [{ id: name, effect: 'allow', actions: ['llm.generate'], resources: [`model/${name}`] }],
});

/** What differs from the usual bundle of key A, epoch 1, version 1. */
export interface BundleChanges {
  readonly key?: NaiveKey;
  readonly policies?: readonly object[];
  /** Over the usual metadata; undefined takes a key away. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Over the usual payload. */
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly bundle?: Partial<NaiveBundle>;
  /** Seconds since the epoch. */
  readonly issuedAt?: number;
}

let nonce = 0;

function bytesOf(payload: unknown, { key = A, issuedAt = NOW, bundle = {} }: BundleChanges): string {
  nonce = (nonce + 1) % 256;
  const header = { createdAt: BigInt(issuedAt), ...bundle.header };
  return writeNaiveBundle(payload, { key, projectKey: PROJECT_KEY, nonce, ...bundle, header }).toString('base64');
}

/** A bundle with complete metadata. */
export function versioned(changes: BundleChanges = {}): string {
  const { key = A, policies = [policyNamed('gpt-4')], issuedAt = NOW } = changes;
  const metadata = {
    project_id: 'proj_1',
    bundle_epoch: 1,
    bundle_version: 1,
    issued_at: issuedAt,
    expires_at: issuedAt + DAY,
    key_id: key.keyId,
    policies_sha256: policiesDigest(policies),
    policy_count: policies.length,
    ...changes.metadata,
  };
  return bytesOf({ schema_version: '1.1', metadata, policies, ...changes.payload }, changes);
}

/** A bundle as older servers make it. */
export function legacy(changes: BundleChanges = {}): string {
  const { policies = [policyNamed('gpt-4')] } = changes;
  const metadata = { active_policy_count: policies.length, ...changes.metadata };
  return bytesOf({ schema_version: '1.0', project_id: 'proj_1', metadata, policies, ...changes.payload }, changes);
}

/** What differs from the usual rotation. */
export interface RotationChanges {
  readonly project?: string;
  readonly issuedAt?: number;
  /** Over the finished record. */
  readonly record?: Readonly<Record<string, unknown>>;
}

/** The record of a rotation, signed by both keys. */
export function rotation(
  [from, to]: readonly [NaiveKey, NaiveKey],
  epoch: number,
  changes: RotationChanges = {},
): object {
  const { project = 'proj_1', issuedAt = NOW } = changes;
  const lines = ['CZ-KEY-ROTATION-1', JSON.stringify(project), epoch, from.publicKey, to.publicKey, issuedAt];
  const message = Buffer.from(lines.join('\n'));
  return {
    project_id: project,
    epoch,
    previous_key: from.publicKey,
    public_key: to.publicKey,
    issued_at: issuedAt,
    previous_signature: from.sign(message).toString('base64'),
    next_signature: to.sign(message).toString('base64'),
    ...changes.record,
  };
}

/** The text of a chain. */
export const chain = (...rotations: readonly object[]): string => JSON.stringify({ rotations });
