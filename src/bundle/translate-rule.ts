import { printable } from '../policy/printable.ts';
import type { Rule } from '../policy/types.ts';
import type { Json, JsonObject } from './json-payload.ts';
import type { RuleReader } from './rule-parts.ts';
import {
  isPresent,
  readActions,
  readClients,
  readConditions,
  readEffect,
  readEnabled,
  readProjects,
  readResources,
  unknownKeys,
} from './rule-parts.ts';

/** A rule of a bundle, brought to the form of the package. */
export interface TranslatedRule {
  readonly rule: Rule;
  /**
   * What was not understood, each as half a sentence without text of the rule but its keys. With any,
   * a rule that denies stays in force, and every other one must not decide.
   */
  readonly doubts: readonly string[];
}

const TEXTS = ['description', 'reason', 'reason_code', 'reason_localized'] as const;

function nameOf(rule: JsonObject, index: number): Json {
  const named = [rule['id'], rule['name']].find((name) => isPresent(name) && name !== '') ?? `rule-${index}`;
  return typeof named === 'number' ? String(named) : named;
}

function unknownKeyDoubts(rule: JsonObject): readonly string[] {
  const keys = unknownKeys(rule);
  return keys.map((key) => `its key "${printable(key)}" is not known`);
}

function describingParts(rule: JsonObject): Record<string, Json> {
  const parts: Record<string, Json> = {};
  for (const key of TEXTS) {
    const value = rule[key];
    if (isPresent(value)) parts[key] = value;
  }
  const escalates = rule['escalate_on_deny'];
  if (isPresent(escalates)) parts['escalate_on_deny'] = Boolean(escalates);
  return parts;
}

/**
 * Brings one rule of a bundle to the form of the package. Every restriction is kept. What restricts a
 * rule and cannot be evaluated takes a rule that allows out of force, and leaves one that denies in
 * force without the restriction, so a reading is never wider than the author's.
 *
 * @returns undefined for a rule that is switched off or meant for other clients
 */
export function translateRule(wire: JsonObject, index: number, reader: RuleReader): TranslatedRule | undefined {
  const [effect, enabled] = [readEffect(wire), readEnabled(wire)];
  const [actions, resources, conditions] = [readActions(wire), readResources(wire), readConditions(wire)];
  const [clients, projects] = [readClients(wire, reader), readProjects(wire, reader)];
  if (!enabled.value || !clients.value) return undefined;
  const parts = [effect, actions, resources, conditions, enabled, clients, projects];
  const doubts = [...parts.flatMap(({ doubt }) => doubt ?? []), ...unknownKeyDoubts(wire)];
  const rule = {
    id: nameOf(wire, index),
    effect: effect.value,
    actions: actions.value,
    ...(resources.value && { resources: resources.value }),
    ...(Object.keys(conditions.value).length > 0 && { conditions: conditions.value }),
    ...describingParts(wire),
  };
  // The parser refuses what has another type.
  return { rule: rule as unknown as Rule, doubts };
}
