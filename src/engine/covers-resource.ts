import type { CompiledRule } from './rule.ts';

/**
 * Whether a rule covers the resource. A deny matches by any of its names, an allow or warn only by the
 * full one, so nothing is ever allowed by an alias.
 */
export function coversResource(rule: CompiledRule, names: readonly [string, ...string[]]): boolean {
  if (rule.effect !== 'deny' || names.length === 1) return rule.matchesResource(names[0]);
  return names.some((name) => rule.matchesResource(name));
}
