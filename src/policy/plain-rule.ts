import { isPlainRecord } from './plain-copy.ts';
import type { Condition, Effect, Rule } from './types.ts';

/** Keys that no context attribute may have. */
export const RESERVED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype', '']);

const LONGEST_LIST = 100_000;
const EFFECTS: ReadonlySet<unknown> = new Set(['allow', 'deny', 'warn'] satisfies Effect[]);

type Conditions = Readonly<Record<string, Condition>>;

/** A rule of which every key is an own property from the start, so that nothing inherited can ever stand in for one. */
export class PlainRule implements Rule {
  readonly id!: string;
  readonly name!: string;
  readonly description!: string;
  readonly effect!: Effect;
  readonly action!: string | readonly string[];
  readonly actions!: string | readonly string[];
  readonly allow!: string | readonly string[];
  readonly deny!: string | readonly string[];
  readonly resource!: string | readonly string[];
  readonly resources!: string | readonly string[];
  readonly conditions!: Conditions;
  readonly when!: Conditions;
  readonly reason!: string;
  readonly reason_code!: string;
  readonly reason_localized!: Readonly<Record<string, string>>;
  readonly escalate_on_deny!: boolean;
}

/** Takes one value if it is as it should be; else undefined. */
export type Take = (value: unknown) => unknown;

/** The value of an own property that is no getter; else undefined. */
export function dataProperty(owner: object, key: string | number): unknown {
  return Object.getOwnPropertyDescriptor(owner, key)?.value;
}

/** What stands for a key whose value is undefined. */
export const ABSENT: unique symbol = Symbol('absent');

/** Takes the value of an own property; undefined as well for a getter and for a key that is not known. */
export function takeField(owner: object, key: string, take: Take | undefined): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(owner, key);
  if (!take || !descriptor || !('value' in descriptor)) return undefined;
  return descriptor.value === undefined ? ABSENT : take(descriptor.value);
}

/** Takes a string. */
export function takeText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function takeId(value: unknown): string | undefined {
  return value === '' ? undefined : takeText(value);
}

function takeTexts(value: unknown): string | readonly string[] | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || value.length === 0 || value.length > LONGEST_LIST) return undefined;
  const texts: string[] = [];
  for (let index = 0; index < value.length; index += 1) {
    const text = dataProperty(value, index);
    if (typeof text !== 'string') return undefined;
    texts.push(text);
  }
  return texts;
}

function takeCondition(value: unknown): Condition | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return takeTexts(value);
}

function takeConditions(value: unknown): Conditions | undefined {
  if (!isPlainRecord(value)) return undefined;
  const conditions = Object.create(null) as Record<string, Condition>;
  for (const key of Object.keys(value)) {
    const condition = takeCondition(dataProperty(value, key));
    if (condition === undefined || RESERVED_KEYS.has(key)) return undefined;
    conditions[key] = condition;
  }
  return conditions;
}

function takeTranslations(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isPlainRecord(value)) return undefined;
  const texts = Object.create(null) as Record<string, string>;
  for (const key of Object.keys(value)) {
    const text = dataProperty(value, key);
    if (typeof text !== 'string' || RESERVED_KEYS.has(key)) return undefined;
    texts[key] = text;
  }
  return texts;
}

const TAKE: ReadonlyMap<string, Take> = new Map<keyof PlainRule, Take>([
  ['id', takeId],
  ['name', takeText],
  ['description', takeText],
  ['effect', (value) => (EFFECTS.has(value) ? value : undefined)],
  ['action', takeTexts],
  ['actions', takeTexts],
  ['allow', takeTexts],
  ['deny', takeTexts],
  ['resource', takeTexts],
  ['resources', takeTexts],
  ['conditions', takeConditions],
  ['when', takeConditions],
  ['reason', takeText],
  ['reason_code', takeText],
  ['reason_localized', takeTranslations],
  ['escalate_on_deny', (value) => (typeof value === 'boolean' ? value : undefined)],
]);

function count(...values: readonly unknown[]): number {
  return values.filter((value) => value !== undefined).length;
}

function saysEverythingOnce(rule: PlainRule): boolean {
  const { effect, action, actions, allow, deny, resource, resources, conditions, when } = rule;
  const isWhole =
    effect === undefined
      ? count(allow, deny) === 1 && count(action, actions) === 0
      : count(allow, deny) === 0 && count(action, actions) === 1;
  return isWhole && count(resource, resources) <= 1 && count(conditions, when) <= 1;
}

/**
 * Takes a rule that is plainly in order, its values read once. Undefined says only that it takes the
 * schema to tell: the rule may still be valid. Whatever this takes the schema accepts too, its patterns
 * apart.
 */
export function takePlainRule(rule: unknown): Rule | undefined {
  if (!isPlainRecord(rule)) return undefined;
  const taken = new PlainRule();
  for (const key of Object.keys(rule)) {
    const value = takeField(rule, key, TAKE.get(key));
    if (value === undefined) return undefined;
    if (value === ABSENT) continue;
    (taken as Record<keyof PlainRule, unknown>)[key as keyof PlainRule] = value;
  }
  return saysEverythingOnce(taken) ? taken : undefined;
}
