import type { Pattern } from '../policy/pattern.ts';
import type { ParsedCondition } from '../policy/parsed-policy.ts';
import type { Attribute, Attributes } from '../policy/request.ts';
import { OVERLONG } from '../policy/request.ts';
import { compileMatcher } from './wildcard.ts';

/** What became of the conditions of a rule. */
export type ConditionsResult = 'hold' | 'fail' | 'unjudgeable';

/** One compiled condition. */
export interface CompiledCondition {
  readonly key: string;
  /** Whether the attribute matches; an absent one never does. */
  readonly holds: (attribute: Attribute | undefined) => boolean;
  /** The accepted values as written in the policy, for explanations. */
  readonly accepted: readonly Attribute[];
}

function compilePatterns(key: string, patterns: readonly Pattern[]): CompiledCondition {
  const matches = compileMatcher(patterns);
  const accepted = patterns.map((pattern) => pattern.text);
  return { key, accepted, holds: (attribute) => typeof attribute === 'string' && matches(attribute) };
}

/** Compiles a condition: patterns match strings only; a number or boolean matches only itself. */
export function compileCondition({ key, accepts }: ParsedCondition): CompiledCondition {
  if (typeof accepts === 'object') return compilePatterns(key, accepts);
  return { key, accepted: [accepts], holds: (attribute) => attribute === accepts };
}

/**
 * Tests conditions in their order, up to the first that does not hold. One that looks at an overlong
 * attribute can neither be said to hold nor to fail: treating it as failed would let a conditional deny go by.
 */
export function testConditions(conditions: readonly CompiledCondition[], attributes: Attributes): ConditionsResult {
  for (const condition of conditions) {
    const attribute = attributes.get(condition.key);
    if (attribute === OVERLONG) return 'unjudgeable';
    if (!condition.holds(attribute)) return 'fail';
  }
  return 'hold';
}
