import type { PolicyHead } from './parsed-policy.ts';
import type { Take } from './plain-rule.ts';
import { ABSENT, takeField, takeText } from './plain-rule.ts';
import { isPlainRecord } from './plain-copy.ts';

function oneOf(...values: readonly unknown[]): Take {
  return (value) => (values.includes(value) ? value : undefined);
}

const takeEffect = oneOf('allow', 'deny', 'warn');
const takeOnTamper = oneOf('warn', 'deny', 'deny-all', 'quarantine');

const SETTINGS: ReadonlyMap<string, Take> = new Map([
  ['default_action', takeEffect],
  ['default_on_missing', oneOf('allow', 'deny')],
  ['default_on_empty', oneOf('observe', 'deny', 'allow', 'warn')],
  ['default_on_tamper', takeOnTamper],
  ['tamper_behavior', takeOnTamper],
]);

const HEAD: ReadonlyMap<string, Take> = new Map<string, Take>([
  ...SETTINGS,
  ['$schema', takeText],
  ['version', oneOf('1', 1)],
  ['name', (value) => (value === '' ? undefined : takeText(value))],
  ['description', takeText],
  ['priority', (value) => (Number.isFinite(value) ? value : undefined)],
  ['settings', (value) => takeFields(value, SETTINGS)],
  // Rules are taken one by one, by whoever takes the head.
  ['rules', () => NO_RULES],
]);
const NO_RULES: readonly unknown[] = [];

function takeFields(value: unknown, known: ReadonlyMap<string, Take>): object | undefined {
  if (!isPlainRecord(value)) return undefined;
  const fields = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value)) {
    const taken = takeField(value, key, known.get(key));
    if (taken === undefined) return undefined;
    if (taken !== ABSENT) fields[key] = taken;
  }
  return fields;
}

/**
 * Takes what a policy says beside its rules if it is plainly in order, its values read once. Undefined
 * says only that it takes the schema to tell.
 */
export function takePlainHead(policy: unknown): PolicyHead | undefined {
  return takeFields(policy, HEAD);
}
