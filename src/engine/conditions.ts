import type { Attribute, AttributeReading } from '../policy/context-values.ts';
import type { ParsedCondition } from '../policy/parsed-policy.ts';
import type { CompiledGlob } from './compiled-glob.ts';
import { compileGlob } from './compiled-glob.ts';

/** One value that a condition accepts: an exact number or boolean, or a glob for strings. */
export type AcceptedValue = number | boolean | CompiledGlob;

/** One compiled condition: patterns match strings only; a number or boolean matches only itself. */
export class CompiledCondition {
  readonly key: string;
  /** As written in the policy, for explanations. */
  readonly accepted: readonly Attribute[];
  readonly values: readonly AcceptedValue[];

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
  }

  /** Whether the attribute matches; an absent one never does. */
  holds(attribute: AttributeReading): boolean {
    const { values } = this;
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at];
      if (typeof value !== 'object') {
        if (value === attribute) return true;
      } else if (typeof attribute === 'string' && value.matches(attribute)) return true;
    }
    return false;
  }
}
