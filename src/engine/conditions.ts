import type { Pattern } from '../policy/pattern.ts';
import type { ParsedCondition } from '../policy/parsed-policy.ts';
import { compileMatcher } from './wildcard.ts';

/** A context value that a condition can be compared with. */
export type Attribute = string | number | boolean;

/** The attributes of one request that conditions read, each taken from the context exactly once. */
export type Attributes = ReadonlyMap<string, Attribute>;

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

/** Whether all conditions hold. */
export function allHold(conditions: readonly CompiledCondition[], attributes: Attributes): boolean {
  for (const condition of conditions) {
    if (!condition.holds(attributes.get(condition.key))) return false;
  }
  return true;
}
