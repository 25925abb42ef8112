import type { RememberedDecisions } from './memo.ts';
import type { CompiledRule } from './rule.ts';

/** What is known about one action. */
export interface View {
  /** The rules that apply to it, where the rules are walked along; undefined where they are indexed. */
  readonly rules: readonly CompiledRule[] | undefined;
  /** Decisions about it that were made before; undefined where none are kept. */
  readonly remembered: RememberedDecisions | undefined;
}
