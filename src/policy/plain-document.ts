import type { ParsedPolicy, ParsedRule, PolicyHead } from './parsed-policy.ts';
import { RuleReader, inOrderOfPriority, readPolicyHead } from './parsed-policy.ts';
import { isPlainRecord } from './plain-copy.ts';
import { takePlainHead } from './plain-head.ts';
import { dataProperty, takePlainRule } from './plain-rule.ts';
import type { Steps } from './steps.ts';
import type { Rule } from './types.ts';

const MOST_RULES = 1_000_000;
const MOST_POLICIES = 10_000;
const RULES_PER_STEP = 128;

/** Thrown when a document is not plainly in order: only the complete check can say what about it, if anything. */
class NotPlain extends Error {}

function listIn(value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw new NotPlain();
  return value;
}

function fieldsOf(value: unknown): object {
  if (!isPlainRecord(value)) throw new NotPlain();
  return value;
}

function takeRule(given: unknown, head: PolicyHead): Rule {
  const rule = takePlainRule(given);
  if (!rule) throw new NotPlain();
  if (head.version === undefined && rule.resource === undefined && rule.resources === undefined) throw new NotPlain();
  return rule;
}

function* readRules(policy: object, head: PolicyHead): Steps<ParsedRule[]> {
  const given = listIn(dataProperty(policy, 'rules'), MOST_RULES);
  const reader = new RuleReader(head);
  const rules: ParsedRule[] = [];
  for (let index = 0; index < given.length; index += 1) {
    if (index % RULES_PER_STEP === 0) yield;
    rules.push(reader.read(takeRule(dataProperty(given, index), head), index));
  }
  return rules;
}

function policiesIn(document: unknown): readonly unknown[] {
  if (Array.isArray(document)) return listIn(document, MOST_POLICIES);
  const fields = fieldsOf(document);
  if (!('policies' in fields)) return [document];
  const isSet = Object.keys(fields).every(
    (key) => key === 'policies' || (key === '$schema' && typeof dataProperty(fields, key) === 'string'),
  );
  if (!isSet) throw new NotPlain();
  return listIn(dataProperty(fields, 'policies'), MOST_POLICIES);
}

function* readAll(document: unknown): Steps<readonly ParsedPolicy[]> {
  const given = policiesIn(document);
  const policies: ParsedPolicy[] = [];
  for (let index = 0; index < given.length; index += 1) {
    const policy = fieldsOf(dataProperty(given, index));
    const head = takePlainHead(policy);
    if (!head) throw new NotPlain();
    policies.push({ ...readPolicyHead(head, index), rules: yield* readRules(policy, head) });
  }
  return inOrderOfPriority(policies);
}

/**
 * Reads a document that is plainly in order: rule by rule, each value taken once, without the objects
 * that a complete check with its diagnostics needs. Undefined says only that it takes the complete check
 * to tell; what this reads the complete check accepts, and reads alike.
 */
export function* readPlainDocument(document: unknown): Steps<readonly ParsedPolicy[] | undefined> {
  try {
    return yield* readAll(document);
  } catch {
    // Whatever it was, a Proxy that throws included: the complete check finds it again and names its place.
    return undefined;
  }
}
