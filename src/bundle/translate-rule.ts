import { PlainRule } from '../policy/plain-rule.ts';
import { printable } from '../policy/printable.ts';
import type { Json, JsonObject } from './json-payload.ts';
import type { Doubts, RuleReader } from './rule-parts.ts';
import {
  isPresent,
  readActions,
  readClients,
  readConditions,
  readEffect,
  readEnabled,
  readProjects,
  readResources,
  visitUnknownKeys,
} from './rule-parts.ts';

/** A rule of a bundle, brought to the form of the package. */
export interface TranslatedRule {
  readonly rule: PlainRule;
  /** With any, a rule that denies stays in force, and every other one must not decide. */
  readonly doubts: Doubts;
}

const TEXTS = ['description', 'reason', 'reason_code', 'reason_localized'] as const;

function nameOf({ id, name }: JsonObject, index: number): Json {
  const named = isPresent(id) && id !== '' ? id : name;
  if (typeof named === 'number') return String(named);
  return isPresent(named) && named !== '' ? named : `rule-${index}`;
}

// The parser refuses what has another type.
type Filling = { -readonly [Key in keyof PlainRule]: unknown };

function describe(rule: Filling, wire: JsonObject): void {
  for (const key of TEXTS) {
    const value = wire[key];
    if (isPresent(value)) rule[key] = value;
  }
  const { escalate_on_deny: escalates } = wire;
  if (isPresent(escalates)) rule.escalate_on_deny = Boolean(escalates);
}

/**
 * Brings one rule of a bundle to the form of the package. Every restriction is kept. What restricts a
 * rule and cannot be evaluated takes a rule that allows out of force, and leaves one that denies in
 * force without the restriction, so a reading is never wider than the author's.
 *
 * @returns undefined for a rule that is switched off or meant for other clients
 */
export function translateRule(wire: JsonObject, index: number, reader: RuleReader): TranslatedRule | undefined {
  const doubts: Doubts = [];
  const [effect, actions] = [readEffect(wire, doubts), readActions(wire, doubts)];
  const [resources, conditions] = [readResources(wire, doubts), readConditions(wire, doubts)];
  if (!readEnabled(wire, doubts) || !readClients(wire, reader, doubts)) return undefined;
  readProjects(wire, reader, doubts);
  visitUnknownKeys(wire, (key) => doubts.push(`its key "${printable(key)}" is not known`));
  const rule = new PlainRule();
  Object.assign(rule, { id: nameOf(wire, index), effect, actions, resources, conditions });
  describe(rule, wire);
  return { rule, doubts };
}
