import type { RememberedDecisions } from './memo.ts';

/** What is known about one action. */
export interface View {
  /** In the one spelling that rules are compared with. */
  readonly action: string;
  /** Decisions about it that were made before; undefined where none are kept. */
  readonly remembered: RememberedDecisions | undefined;
}
