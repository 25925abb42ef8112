import type { KeyTrust } from '../bundle/key-trust.ts';
import type { Bootstrap } from './bootstrap.ts';

/** What bundles and envelopes are opened and verified with. */
export interface Credentials {
  readonly bootstrap: Bootstrap;
  readonly trust: KeyTrust;
}

/** When something is verified, and until when. */
export interface Moment {
  /** One time for all checks: they must not disagree about it. */
  readonly now: number;
  readonly signal: AbortSignal;
}
