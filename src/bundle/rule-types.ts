import { RESERVED_KEYS } from '../policy/plain-rule.ts';
import type { Condition, Rule } from '../policy/types.ts';

// Longer lists are for the complete check, which counts everything there is.
const LONGEST_LIST = 100_000;

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isShort(value: unknown): boolean {
  return !Array.isArray(value) || value.length <= LONGEST_LIST;
}

function isCondition(value: Condition): boolean {
  return typeof value === 'number' ? Number.isFinite(value) : isShort(value);
}

function hasConditions(conditions: Rule['conditions']): boolean {
  if (conditions === undefined) return true;
  for (const key of Object.keys(conditions)) {
    const condition = conditions[key];
    if (RESERVED_KEYS.has(key) || condition === undefined || !isCondition(condition)) return false;
  }
  return true;
}

function hasTranslations(texts: unknown): boolean {
  if (texts === undefined) return true;
  if (typeof texts !== 'object' || texts === null || Array.isArray(texts)) return false;
  return Object.entries(texts).every(([key, text]) => !RESERVED_KEYS.has(key) && typeof text === 'string');
}

/**
 * Whether every part of a translated rule has the type that the policy language asks for. The translation
 * decides about the others, and JSON data can be wrong in no other way but by its patterns.
 */
export function hasRuleTypes(rule: Rule): boolean {
  return (
    typeof rule.id === 'string' &&
    isTextOrAbsent(rule.description) &&
    isTextOrAbsent(rule.reason) &&
    isTextOrAbsent(rule.reason_code) &&
    hasTranslations(rule.reason_localized) &&
    isShort(rule.actions) &&
    isShort(rule.resources) &&
    hasConditions(rule.conditions)
  );
}
