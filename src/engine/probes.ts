import type { CutPattern, Glob } from '../policy/glob.ts';
import type { ParsedCondition, ParsedRule } from '../policy/parsed-policy.ts';
import type { Attribute } from '../policy/context-values.ts';
import { isPossible } from './compare-languages.ts';
import type { Probe } from './matching-rules.ts';
import type { Domain } from './name-classes.ts';
import { ACTIONS, RESOURCES } from './name-classes.ts';
import type { Filling } from './sample-texts.ts';
import { fillingsFor, textOf } from './sample-texts.ts';

const ANY: readonly Glob[] = [['', '']];

const knownGlobs = new WeakMap<readonly CutPattern[], readonly Glob[]>();

/** The globs of some patterns; of any resource where there are none. */
export function globsOf(patterns: readonly CutPattern[] | undefined): readonly Glob[] {
  if (patterns === undefined) return ANY;
  let globs = knownGlobs.get(patterns);
  if (!globs) knownGlobs.set(patterns, (globs = patterns.flatMap((pattern) => pattern.globs)));
  return globs;
}

function possibleText(glob: Glob, filling: Filling, domain: Domain): string | undefined {
  const text = textOf(glob, filling);
  return text !== undefined && isPossible(text, domain) ? text : undefined;
}

function valueOf({ accepts }: ParsedCondition, filling: Filling): Attribute | undefined {
  if (typeof accepts !== 'object') return accepts;
  const globs = globsOf(accepts);
  const glob = filling.isLast ? globs.at(-1) : globs[0];
  return glob === undefined ? undefined : textOf(glob, filling);
}

/** Makes requests that a rule matches, to see whether rules before it match them as well. */
export class Probes {
  readonly #fillings: readonly Filling[];

  constructor(rules: readonly ParsedRule[]) {
    this.#fillings = fillingsFor(rules);
  }

  /** Requests for one alternative of the actions and one of the resources of a rule; none where it is not easy to say. */
  *of(rule: ParsedRule, action: Glob, resource: Glob): Generator<Probe> {
    for (const filling of this.#fillings) {
      const context = contextOf(rule, filling);
      const names = [possibleText(action, filling, ACTIONS), possibleText(resource, filling, RESOURCES)] as const;
      if (context && names[0] !== undefined && names[1] !== undefined)
        yield { action: names[0], resource: names[1], context };
    }
  }
}

function contextOf({ conditions }: ParsedRule, filling: Filling): Probe['context'] | undefined {
  const context = new Map<string, Attribute>();
  for (const condition of conditions) {
    const value = valueOf(condition, filling);
    if (value === undefined) return undefined;
    context.set(condition.key, value);
  }
  return context;
}
