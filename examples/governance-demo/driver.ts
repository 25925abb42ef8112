import type { ControlZero } from '@controlzero/sdk';

import type { ProviderTarget } from '../support/provider.ts';

/** What an application asks for. */
export interface Call {
  readonly model: string;
  readonly isEmbedding?: boolean;
  readonly agentId?: string;
  /** Models that the adapter may use when the one that is asked for is denied. */
  readonly fallback?: readonly string[];
}

/** One call with everything that a driver needs to make it. */
export interface GovernedCall extends Call {
  readonly cz: ControlZero;
  readonly target: ProviderTarget;
}

/** How the calls of the demo are made through one adapter. */
export interface Driver {
  /** What it is called on the command line. */
  readonly name: string;
  /** What carries the calls, for the reader. */
  readonly title: string;
  /** Makes one call. Every failure is a rejection; a denial may be wrapped. */
  send(call: GovernedCall): Promise<unknown>;
}
