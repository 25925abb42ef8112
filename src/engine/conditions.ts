import type { Attribute, AttributeReading } from '../policy/context-values.ts';
import type { ParsedCondition } from '../policy/parsed-policy.ts';
import type { CompiledGlob } from './compiled-glob.ts';
import { compileGlob } from './compiled-glob.ts';

/** One value that a condition accepts: an exact number or boolean, or a glob for strings. */
export type AcceptedValue = number | boolean | CompiledGlob;

const FEW = 16;

function isText(value: AcceptedValue): boolean {
  return typeof value === 'string';
}

/** One compiled condition: patterns match strings only; a number or boolean matches only itself. */
export class CompiledCondition {
  readonly key: string;
  /** As written in the policy, for explanations. */
  readonly accepted: readonly Attribute[];
  readonly values: readonly AcceptedValue[];
  // What is looked up and what is gone through: a list may name thousands of agents.
  readonly #texts: ReadonlySet<unknown> | undefined;
  readonly #others: readonly AcceptedValue[];

  constructor({ key, accepts }: ParsedCondition) {
    this.key = key;
    if (typeof accepts === 'object') {
      this.accepted = accepts.map(({ text }) => text);
      this.values = accepts.flatMap(({ globs }) => globs).map(compileGlob);
      // Without a wildcard both lists say the same; one of them is enough.
      if (this.values.every((value, index) => value === this.accepted[index])) this.accepted = this.values as string[];
    } else {
      this.values = [accepts];
      this.accepted = [accepts];
    }
    const isLong = this.values.length > FEW;
    this.#texts = isLong ? new Set(this.values.filter(isText)) : undefined;
    this.#others = isLong ? this.values.filter((value) => !isText(value)) : this.values;
  }

  /** Whether the attribute matches; an absent one never does. */
  holds(attribute: AttributeReading): boolean {
    const texts = this.#texts;
    if (texts !== undefined && texts.has(attribute)) return true;
    const others = this.#others;
    for (let at = 0; at < others.length; at += 1) {
      const value = others[at];
      if (typeof value !== 'object') {
        if (value === attribute) return true;
      } else if (typeof attribute === 'string' && value.matches(attribute)) return true;
    }
    return false;
  }
}
