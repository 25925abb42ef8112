import type { Decision } from '../policy/decision.ts';
import { createDecision } from '../policy/decision.ts';
import type { CutPattern } from '../policy/glob.ts';
import type { ParsedRule } from '../policy/parsed-policy.ts';
import type { Effect } from '../policy/types.ts';
import type { CompiledCondition } from './conditions.ts';
import type { Matcher } from './wildcard.ts';
import { compileMatcher } from './wildcard.ts';
import type { CompiledGlob } from './compiled-glob.ts';
import { compileGlob, matchesGlob } from './compiled-glob.ts';

/** The actions that rules apply to. Rules that write the same share one. */
export class RuleActions {
  /** As written in the policy. */
  readonly texts: readonly string[];
  readonly globs: readonly CompiledGlob[];
  // Nearly every rule is for one action, and two texts are compared faster than anything is called.
  readonly #only: string | undefined;
  readonly #matcher: Matcher;

  constructor(patterns: readonly CutPattern[]) {
    this.texts = patterns.map(({ text }) => text);
    this.globs = patterns.flatMap(({ globs }) => globs).map(compileGlob);
    const [first] = this.globs;
    this.#only = this.globs.length === 1 && typeof first === 'string' ? first : undefined;
    this.#matcher = compileMatcher(patterns);
  }

  matches(action: string): boolean {
    return this.#only === undefined ? this.#matcher(action) : this.#only === action;
  }
}

/** What rules of one policy share. */
export interface PolicyIdentity {
  readonly name: string;
  readonly revision: string;
}

/** What a rule is compiled from, with the parts it shares with other rules. */
export interface RuleParts {
  readonly rule: ParsedRule;
  readonly policy: PolicyIdentity;
  readonly actions: RuleActions;
  readonly conditions: readonly CompiledCondition[];
}

function compileResources(patterns: readonly CutPattern[]): CompiledRule['resource'] {
  const [first] = patterns;
  const [glob] = first?.globs ?? [];
  if (patterns.length === 1 && first?.globs.length === 1 && glob !== undefined) return compileGlob(glob);
  return patterns.flatMap(({ globs }) => globs).map(compileGlob);
}

/** One rule, ready to be matched. Large policies have many, so it holds what it needs and nothing twice. */
export class CompiledRule {
  readonly effect: Effect;
  readonly actions: RuleActions;
  readonly conditions: readonly CompiledCondition[];
  /** Id of the rule, or its index in the policy. */
  readonly name: string | number;
  /** Undefined: any resource. One glob stands alone. */
  readonly resource: CompiledGlob | readonly CompiledGlob[] | undefined;
  readonly #policy: PolicyIdentity;
  readonly #reason: string | undefined;
  readonly #texts: string | readonly string[] | undefined;
  #decision: Decision | undefined;

  constructor({ rule, policy, actions, conditions }: RuleParts) {
    this.effect = rule.effect;
    this.actions = actions;
    this.conditions = conditions;
    this.name = rule.name;
    const { resources } = rule;
    this.resource = resources && compileResources(resources);
    this.#policy = policy;
    this.#reason = rule.reason;
    this.#texts = resources?.length === 1 ? resources[0]?.text : resources?.map(({ text }) => text);
    this.#decision = undefined;
  }

  get policy(): string {
    return this.#policy.name;
  }

  /** The answer when this rule decides: one frozen object, made when it decides for the first time. */
  get decision(): Decision {
    return (this.#decision ??= this.#createDecision());
  }

  /** The resources as written in the policy. */
  get resourceTexts(): readonly string[] {
    const texts = this.#texts ?? '*';
    return typeof texts === 'string' ? [texts] : texts;
  }

  /** Every glob of the resources; undefined stands for any resource. */
  get resourceGlobs(): readonly (CompiledGlob | undefined)[] {
    return Array.isArray(this.resource) ? this.resource : [this.resource as CompiledGlob | undefined];
  }

  matchesResource(name: string): boolean {
    const { resource } = this;
    if (resource === undefined) return true;
    if (typeof resource === 'string') return resource === name;
    if (!Array.isArray(resource)) return matchesGlob(resource as CompiledGlob, name);
    for (const glob of resource as readonly CompiledGlob[]) {
      if (matchesGlob(glob, name)) return true;
    }
    return false;
  }

  #createDecision(): Decision {
    const { name: policy, revision } = this.#policy;
    return createDecision({
      effect: this.effect,
      reason: this.#reason ?? `Rule ${JSON.stringify(this.name)} of policy ${JSON.stringify(policy)} matched.`,
      reasonCode: 'RULE_MATCH',
      policy,
      rule: this.name,
      revision,
    });
  }
}
