import type { Steps } from '../policy/steps.ts';
import type { Bucket } from './bucket.ts';
import { ByAction, ByKey, ByValue } from './narrower.ts';
import type { Narrow, PatternIndex } from './pattern-index.ts';
import { PatternIndexBuilder } from './pattern-index.ts';
import type { CompiledRule } from './rule.ts';
import type { CompiledGlob } from './compiled-glob.ts';

/**
 * All rules of a policy, filed by their resources.
 *
 * An entry is one glob of one rule, numbered in the order of the rules, so the lowest entry that
 * matches belongs to the first rule that matches.
 */
export interface RuleIndex {
  readonly rules: readonly CompiledRule[];
  /** Entry -> number of its rule. */
  readonly ruleOf: Int32Array;
  /** Entry -> its glob; undefined: any resource. */
  readonly globOf: readonly (CompiledGlob | undefined)[];
  /** Entries with a resource, by it. */
  readonly byResource: PatternIndex;
  /** Entries of rules for any resource. */
  readonly anyResource: Bucket | undefined;
}

/** What has led to a bucket: filing by the same once more would lead nowhere. */
interface Path {
  readonly byAction: boolean;
  readonly keys: readonly string[];
}

const RULES_PER_STEP = 128;
// Every level divides what has many entries; policies that need more are not worth more memory.
const DEEPEST = 8;
const START: Path = { byAction: false, keys: [] };

// How well the rules of a bucket are told apart by one part of theirs: how often it differs from the rule before.
class Variety {
  #last: unknown;
  changes = 0;

  note(value: unknown): void {
    if (value !== this.#last) this.changes += 1;
    this.#last = value;
  }
}

class RuleIndexBuilder {
  readonly #rules: readonly CompiledRule[];
  readonly #ruleOf: number[] = [];
  readonly #globOf: (CompiledGlob | undefined)[] = [];

  readonly #bucketSize: number;

  constructor(rules: readonly CompiledRule[], bucketSize: number) {
    this.#rules = rules;
    this.#bucketSize = bucketSize;
  }

  *build(): Steps<RuleIndex> {
    const builder = new PatternIndexBuilder();
    const any: number[] = [];
    let number = 0;
    for (const rule of this.#rules) {
      if (number % RULES_PER_STEP === 0) yield;
      for (const glob of rule.resourceGlobs) {
        const entry = this.#ruleOf.push(number) - 1;
        this.#globOf.push(glob);
        if (glob === undefined) any.push(entry);
        else builder.add(entry, glob);
      }
      number += 1;
    }
    const byResource = yield* builder.build((entries) => this.#narrow(entries, START));
    const anyResource = any.length > 0 ? yield* this.#narrow(any, START) : undefined;
    const ruleOf = Int32Array.from(this.#ruleOf);
    return { rules: this.#rules, ruleOf, globOf: this.#globOf, byResource, anyResource };
  }

  #rule(entry: number): CompiledRule {
    return this.#rules[this.#ruleOf[entry] ?? -1] as CompiledRule;
  }

  *#narrow(entries: readonly number[], path: Path): Steps<Bucket> {
    if (entries.length <= this.#bucketSize || path.keys.length >= DEEPEST) return entries;
    yield;
    const actions = new Variety();
    const keys = this.#varietyOfKeys(entries, path);
    if (!path.byAction) for (const entry of entries) actions.note(this.#rule(entry).actions);
    const best = Math.max(0, ...[...keys.values()].slice(0, 64).map(({ changes }) => changes), keys.size);
    if (actions.changes > 1 && actions.changes >= best) return yield* this.#narrowByAction(entries, path);
    return best > 1 ? yield* this.#narrowByKey(entries, { path, keys }) : entries;
  }

  #varietyOfKeys(entries: readonly number[], path: Path): Map<string, Variety> {
    const keys = new Map<string, Variety>();
    for (const entry of entries) {
      for (const { key, accepted } of this.#rule(entry).conditions) {
        if (path.keys.includes(key)) continue;
        const variety = keys.get(key) ?? new Variety();
        keys.set(key, variety);
        variety.note(accepted.length === 1 ? accepted[0] : accepted);
      }
    }
    return keys;
  }

  *#narrowByAction(entries: readonly number[], path: Path): Steps<Bucket> {
    const next: Narrow = (inner) => this.#narrow(inner, { ...path, byAction: true });
    const builder = new PatternIndexBuilder();
    for (const entry of entries) for (const glob of this.#rule(entry).actions.globs) builder.add(entry, glob);
    return new ByAction(entries[0] ?? 0, yield* builder.build(next));
  }

  *#narrowByKey(
    entries: readonly number[],
    { path, keys }: { readonly path: Path; readonly keys: ReadonlyMap<string, Variety> },
  ): Steps<Bucket> {
    const plain: number[] = [];
    const members = new Map<string, number[]>();
    for (const entry of entries) {
      const key = this.#mostVaried(entry, keys);
      const group = key === undefined ? plain : (members.get(key) ?? []);
      if (key !== undefined) members.set(key, group);
      group.push(entry);
    }
    const groups = new Map<string, Bucket>();
    for (const [key, group] of members) groups.set(key, yield* this.#narrowByValue(group, { key, path }));
    // Without a progress in the plain ones only their actions can tell them apart.
    const rest = plain.length > 0 ? yield* this.#narrow(plain, path) : undefined;
    return new ByKey(rest, groups);
  }

  *#narrowByValue(
    entries: readonly number[],
    { key, path }: { readonly key: string; readonly path: Path },
  ): Steps<Bucket> {
    const [first = 0] = entries;
    if (entries.length === 1) return first;
    if (entries.length <= this.#bucketSize) return entries;
    const next: Narrow = (inner) => this.#narrow(inner, { ...path, keys: [...path.keys, key] });
    const builder = new PatternIndexBuilder();
    for (const entry of entries) {
      const condition = this.#rule(entry).conditions.find((one) => one.key === key);
      for (const value of condition?.values ?? []) builder.add(entry, value);
    }
    return new ByValue(first, key, yield* builder.build(next));
  }

  #mostVaried(entry: number, keys: ReadonlyMap<string, Variety>): string | undefined {
    let best: string | undefined;
    let most = 0;
    for (const { key } of this.#rule(entry).conditions) {
      const changes = keys.get(key)?.changes ?? 0;
      if (changes > most) [best, most] = [key, changes];
    }
    return best;
  }
}

/** Files all rules of a policy. A bucket with more entries than `bucketSize` gets an index of its own. */
export function buildRuleIndex(rules: readonly CompiledRule[], bucketSize: number): Steps<RuleIndex> {
  return new RuleIndexBuilder(rules, bucketSize).build();
}
