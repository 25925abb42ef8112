import { OVERLONG } from '../policy/context-values.ts';
import type { JudgedRequest } from '../policy/judged-request.ts';
import type { Bucket, BucketSearch } from './bucket.ts';
import type { RuleIndex } from './rule-index.ts';
import type { CompiledRule } from './rule.ts';
import { matchesGlob } from './compiled-glob.ts';

const NONE = 0x3f_ff_ff_ff;
const NOTHING: readonly string[] = [];

/**
 * One search for the first rule that matches, through the indexes instead of along the rules.
 *
 * The indexes only propose: every entry they come up with is tested completely, and the lowest that
 * matches wins. So an index can make a decision slow, but only by leaving a matching entry out could it
 * make one wrong.
 */
export class Search implements BucketSearch {
  best: number = NONE;
  readonly action: string;
  /** The context keys that the outcome depends on, in the order they were first looked at. */
  looked: readonly string[] = NOTHING;
  /** Whether the outcome depends on more than the values under these keys. */
  dependsOnPresence = false;
  readonly #index: RuleIndex;
  readonly #request: JudgedRequest;
  #name: string;
  #isAlias = false;

  constructor(index: RuleIndex, request: JudgedRequest) {
    this.#index = index;
    this.#request = request;
    this.#name = request.names[0];
    this.action = request.action;
  }

  /** The first rule that matches, if any. No context value may be overlong: only the plain walk can judge that. */
  run(): CompiledRule | undefined {
    const { rules, ruleOf, byResource, anyResource } = this.#index;
    const { names } = this.#request;
    for (let at = 0; at < names.length; at += 1) {
      this.#name = names[at] ?? '';
      this.#isAlias = at > 0;
      byResource.visit(this.#name, this);
    }
    this.#isAlias = false;
    if (anyResource !== undefined) this.visit(anyResource);
    return this.best === NONE ? undefined : rules[ruleOf[this.best] ?? -1];
  }

  attribute(key: string): string | number | boolean | undefined {
    if (!this.looked.includes(key)) this.looked = [...this.looked, key];
    const value = this.#request.attributes.get(key);
    return value === OVERLONG ? undefined : value;
  }

  presentKeys(most: number): Iterable<string> | undefined {
    const keys = this.#request.attributes.presentKeys(most);
    if (keys) this.dependsOnPresence = true;
    return keys;
  }

  visit(bucket: Bucket): void {
    if (typeof bucket === 'number') this.#try(bucket);
    else if ('visit' in bucket) this.#narrow(bucket);
    else this.#tryInOrder(bucket);
  }

  #narrow(bucket: Exclude<Bucket, number | readonly number[]>): void {
    if (bucket.first < this.best) bucket.visit(this);
  }

  #tryInOrder(entries: readonly number[]): void {
    for (let at = 0; at < entries.length; at += 1) {
      const entry = entries[at] ?? NONE;
      if (entry >= this.best) return;
      this.#try(entry);
    }
  }

  #try(entry: number): void {
    if (entry >= this.best) return;
    const { rules, ruleOf, globOf } = this.#index;
    const rule = rules[ruleOf[entry] ?? -1];
    // A deny matches by any of the names, an allow or warn only by the full one.
    if (rule === undefined || (this.#isAlias && rule.effect !== 'deny')) return;
    const glob = globOf[entry];
    if (glob !== undefined && !matchesGlob(glob, this.#name)) return;
    if (rule.actions.matches(this.action) && this.#holds(rule)) this.best = entry;
  }

  #holds({ conditions }: CompiledRule): boolean {
    for (let at = 0; at < conditions.length; at += 1) {
      const condition = conditions[at];
      if (condition !== undefined && !condition.holds(this.attribute(condition.key))) return false;
    }
    return true;
  }
}
