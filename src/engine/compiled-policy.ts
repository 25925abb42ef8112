import type { ContextKeys } from '../policy/context-values.ts';
import type { Decision } from '../policy/decision.ts';
import type { JudgedRequest } from '../policy/judged-request.ts';
import type { ExplainedPolicy, Explanation } from './explain.ts';
import type { Memo } from './memo.ts';
import type { Search } from './search.ts';
import type { View } from './view.ts';
import type { Matcher } from './wildcard.ts';

/** All policies of a document, ready to decide. What is not needed for every decision hangs on it, and loads with the compiler. */
export interface CompiledPolicy extends ExplainedPolicy {
  readonly revision: string;
  /** Searches the rules by what they match; undefined: they are walked along. */
  readonly search: ((request: JudgedRequest) => Search) | undefined;
  /** Walks along the rules, keeping why. */
  readonly explain: (request: JudgedRequest) => Explanation;
  /** The models that the same caller may use for the same action. */
  readonly allowedModels: (request: JudgedRequest) => readonly string[];
  /** Whether the rules are so few that walking along them is faster than a search. */
  readonly isShort: boolean;
  /** Whether each action keeps its latest decision: what it depends on is quickly compared. */
  readonly keepsLatest: boolean;
  /** Every context key that some condition reads. */
  readonly conditionKeys: ContextKeys;
  /** The answer to a request that cannot be judged. */
  readonly invalidRequest: (problem: string) => Decision;
  /** Whether some rule names an action, other than by a wildcard alone. */
  readonly namesAction: Matcher;
  /** What is known about an action, filled as actions are seen. */
  readonly views: Map<string, View>;
  /** The action that was asked for last, and what is known about it. */
  latest: { readonly action: string; readonly view: View } | undefined;
  /** Decisions that were made before. */
  readonly memo: Memo;
}
