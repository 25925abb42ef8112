import type { CompiledPolicy } from '../engine/compiled-policy.ts';
import type { PolicyToCompile } from '../engine/compile.ts';
import { compileInSteps } from '../engine/compile.ts';
import { BundleRefusedError, PolicyInvalidError } from '../errors.ts';
import { checkDocument } from '../policy/parse.ts';
import type { ParsedPolicy, ParsedRule, PolicyHead } from '../policy/parsed-policy.ts';
import { RuleReader, inOrderOfPriority, readPolicyHead } from '../policy/parsed-policy.ts';
import { takePlainHead } from '../policy/plain-head.ts';
import type { PlainRule } from '../policy/plain-rule.ts';
import type { Steps } from '../policy/steps.ts';
import type { Policy, Rule } from '../policy/types.ts';
import { hasRuleTypes } from './rule-types.ts';
import type { BundleNote, TranslatedPolicy } from './translate-payload.ts';
import { isInForce, noteOn } from './translate-payload.ts';
import type { TranslatedRule } from './translate-rule.ts';

/** Policies of a bundle, ready to decide. */
export interface CompiledTranslation {
  readonly compiled: CompiledPolicy;
  /** Rules that are not enforced as they were written. */
  readonly notes: readonly BundleNote[];
}

/** Thrown for what only the complete check can judge. */
class NotPlain extends Error {}

// Its rules are translated and read while they are compiled, so none of what they come from has to last.
class PolicyInPassing implements PolicyToCompile {
  readonly name: string;
  readonly priority: number;
  readonly defaultAction: ParsedPolicy['defaultAction'];
  readonly notes: BundleNote[] = [];
  readonly #head: PolicyHead;
  readonly #translateRules: TranslatedPolicy['rules'];

  constructor({ head: given, rules }: TranslatedPolicy, index: number) {
    const head = takePlainHead(given);
    if (!head) throw new NotPlain();
    const { name, priority, defaultAction } = readPolicyHead(head, index);
    this.name = name;
    this.priority = priority;
    this.defaultAction = defaultAction;
    this.#head = head;
    this.#translateRules = rules;
  }

  get rules(): Iterable<ParsedRule> {
    return this.#readRules();
  }

  *#readRules(): Generator<ParsedRule> {
    const reader = new RuleReader(this.#head);
    for (const translated of this.#translateRules()) {
      // Rules that are out of force are read as well: one malformed pattern refuses the bundle.
      const rule = readRule(translated.rule, this.#head, reader);
      if (translated.doubts.length > 0) this.notes.push(noteOn(this.#head, translated));
      if (isInForce(translated)) yield rule;
    }
  }
}

function readRule(rule: Rule, head: PolicyHead, reader: RuleReader): ParsedRule {
  if (!hasRuleTypes(rule) || (head.version === undefined && rule.resources === undefined)) throw new NotPlain();
  return reader.read(rule, 0);
}

function* compileInPassing(policies: readonly TranslatedPolicy[], revision: string): Steps<CompiledTranslation> {
  const passing = policies.map((policy, index) => new PolicyInPassing(policy, index));
  const compiled = yield* compileInSteps(inOrderOfPriority(passing), { revision });
  return { compiled, notes: passing.flatMap(({ notes }) => notes) };
}

function written(rule: PlainRule): Rule {
  return Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined));
}

/** The policies of a bundle as a document, with the rules that are chosen. */
export function documentOf(
  policies: readonly TranslatedPolicy[],
  chosen: (rule: TranslatedRule) => boolean,
): { readonly policies: readonly Policy[] } {
  const documents = policies.map(({ head, rules }): Policy => {
    const kept = [...rules()].filter(chosen);
    return { ...head, rules: kept.map(({ rule }) => written(rule)) };
  });
  return { policies: documents };
}

function check(document: object): readonly ParsedPolicy[] {
  try {
    return checkDocument(document, { origin: 'the bundle' });
  } catch (error) {
    if (!(error instanceof PolicyInvalidError)) throw error;
    const { length } = error.problems;
    const message = `Its policies have ${length} ${length === 1 ? 'problem' : 'problems'}; error.cause.problems lists them.`;
    throw new BundleRefusedError('invalid_data', message, error);
  }
}

// What is not plainly in order: only the complete check can say what about it, if anything.
function* compileCompletely(policies: readonly TranslatedPolicy[], revision: string): Steps<CompiledTranslation> {
  check(documentOf(policies, () => true));
  const parsed = check(documentOf(policies, isInForce));
  const notes = policies.flatMap(({ head, rules }) =>
    [...rules()].filter(({ doubts }) => doubts.length > 0).map((rule) => noteOn(head, rule)),
  );
  return { compiled: yield* compileInSteps(parsed, { revision }), notes };
}

/**
 * Reads and compiles the policies of a bundle in one pass, in steps.
 * @throws {BundleRefusedError} `invalid_data` when a rule is not valid, whether it is in force or not
 */
export function* compileTranslated(
  policies: readonly TranslatedPolicy[],
  revision: string,
): Steps<CompiledTranslation> {
  let inPassing: CompiledTranslation;
  try {
    inPassing = yield* compileInPassing(policies, revision);
  } catch {
    return yield* compileCompletely(policies, revision);
  }
  return inPassing;
}
