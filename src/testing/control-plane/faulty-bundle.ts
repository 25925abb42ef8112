import type { Bytes } from '../../bundle/bytes.ts';
import type { Publication } from '../../bundle/bundle-payload.ts';
import type { SigningKey } from '../../bundle/signing-key.ts';
import { createSigningKey } from '../../bundle/signing-key.ts';
import type { BundleFaultKind, ControlPlaneFault } from './plane-fault.ts';

/** What a bundle is made of besides what the project says. */
export interface BundleParts {
  readonly publication?: Partial<Publication>;
  readonly policies?: readonly object[];
  readonly signingKey?: SigningKey;
}

/** Makes correctly signed bundles of a project, the wrong ones too. */
export interface BundleMaker {
  readonly current: Bytes;
  readonly previous: Bytes;
  readonly policies: readonly object[];
  readonly version: number;
  /** The time of the server, and how long its bundles are good for, in seconds. */
  readonly seconds: number;
  readonly validForSeconds: number;
  readonly make: (parts: BundleParts) => Promise<Bytes>;
  /** Seals and signs bytes that are no policies. */
  readonly seal: (plain: Uint8Array) => Promise<Bytes>;
}

const HOUR = 3600;
const BOMB_BYTES = 64 * 1024 * 1024;
// Counted from the end: within the encrypted part, before the signature.
const FLIPPED_BYTE = 80;

const INVALID_POLICY = {
  name: 'invalid',
  rules: [{ id: 'invalid', effect: 'allow', actions: ['llm.generate'], resources: ['model/[gpt'] }],
};
const OTHER_POLICY = { name: 'other', rules: [{ id: 'other', effect: 'allow', actions: ['*'], resources: ['*'] }] };

const skewOf = (fault: ControlPlaneFault): number => (fault.kind === 'clock-skew' ? (fault.seconds ?? HOUR) : 0);

/** A bundle for each of the faults that lie in a bundle. */
export const FAULTY_BUNDLES: Readonly<
  Record<BundleFaultKind, (maker: BundleMaker, fault: ControlPlaneFault) => Bytes | Promise<Bytes>>
> = {
  'flipped-bit': ({ current }) => current.map((byte, at) => (at === current.length - FLIPPED_BYTE ? byte ^ 1 : byte)),
  'wrong-key': async ({ make }) => make({ signingKey: await createSigningKey() }),
  'older-version': ({ previous }) => previous,
  'other-content': ({ make, policies }) => make({ policies: [...policies, OTHER_POLICY] }),
  'other-project': ({ make }) => make({ publication: { projectId: 'proj_other' } }),
  'clock-skew': ({ make, seconds }, fault) => make({ publication: { issuedAt: seconds + skewOf(fault) } }),
  expired: ({ make, seconds, validForSeconds }) =>
    make({ publication: { issuedAt: seconds - validForSeconds - HOUR } }),
  'zstd-bomb': ({ seal }) => seal(new Uint8Array(BOMB_BYTES)),
  'invalid-policy': ({ make, version }) => make({ publication: { version: version + 1 }, policies: [INVALID_POLICY] }),
  unsupported: ({ make }) => make({ publication: { critical: ['a-feature-of-the-future'] } }),
};
