import type { ParsedRule } from '../policy/parsed-policy.ts';
import type { Language } from './name-classes.ts';
import { ANYTHING, languageOfPatterns } from './name-classes.ts';

/** The languages of the actions of a rule. */
export function actionsOf(rule: ParsedRule): Language {
  return languageOfPatterns(rule.actions);
}

/** The languages of the resources of a rule. */
export function resourcesOf(rule: ParsedRule): Language {
  return rule.resources === undefined ? ANYTHING : languageOfPatterns(rule.resources);
}
