import type { Attributes } from '../policy/context-values.ts';
import { OVERLONG } from '../policy/context-values.ts';
import type { CompiledCondition } from './conditions.ts';

/** What became of the conditions of a rule. */
export type ConditionsResult = 'hold' | 'fail' | 'unjudgeable';

/**
 * Tests conditions in their order, up to the first that does not hold. One that looks at an overlong
 * attribute can neither be said to hold nor to fail: treating it as failed would let a conditional deny go by.
 */
export function testConditions(conditions: readonly CompiledCondition[], attributes: Attributes): ConditionsResult {
  for (let at = 0; at < conditions.length; at += 1) {
    const condition = conditions[at] as CompiledCondition;
    const attribute = attributes.get(condition.key);
    if (attribute === OVERLONG) return 'unjudgeable';
    if (!condition.holds(attribute)) return 'fail';
  }
  return 'hold';
}
