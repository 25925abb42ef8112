import type { AttributeReading, Attributes } from '../policy/context-values.ts';
import type { Decision } from '../policy/decision.ts';
import { ownCopy } from '../policy/own-copy.ts';
import { isKeepable } from './keepable.ts';

// Either a decision, or a question about one context key and where each of its values leads. One class,
// because a walk through objects of one shape is faster.
class Step {
  readonly key: string | undefined;
  readonly answers: Map<AttributeReading, Step> | undefined;
  readonly decision: Decision | undefined;

  constructor(is: Decision | string) {
    const isQuestion = typeof is === 'string';
    this.key = isQuestion ? is : undefined;
    this.answers = isQuestion ? new Map() : undefined;
    this.decision = isQuestion ? undefined : is;
  }
}

/** Decisions about one action: by resource, then by the context values that they depend on. */
export type RememberedDecisions = Map<string, Step>;

/** What a decision was made about, and what it depends on. */
export interface Remembered {
  readonly resource: string;
  readonly attributes: Attributes;
  /** The keys that were looked at, in their order. */
  readonly looked: readonly string[];
  readonly decision: Decision;
}

const KEPT_AT_ONCE = 256;
const PATIENCE = 256;
// For how many questions without an answer one with an answer makes up.
const WORTH = 8;
const TURNS = 128;

/**
 * Decisions that were made before, as trees: what a request is asked next depends only on its resource
 * and its answers so far, because the search looks at context values in an order that depends on
 * nothing else. So context values that no rule looks at do not multiply what is kept.
 *
 * Invariant: what is kept under a path is what the search finds for every request with these answers.
 *
 * It holds at most so many decisions and then starts anew. Where nothing repeats, it would cost more
 * than it brings: beyond the first few hundred, only some decisions are kept, and after many questions
 * that it could not answer it is asked only now and then, until it knows an answer again.
 */
export class Memo {
  readonly #most: number;
  readonly #trees: RememberedDecisions[] = [];
  #size = 0;
  #dice = 1;
  #patience = PATIENCE;
  #turn = 0;

  /** @param most decisions that are kept; 0 = none */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether it is worth asking. */
  get isAsked(): boolean {
    if (this.#patience > 0) return true;
    this.#patience = 0;
    this.#turn = (this.#turn + 1) % TURNS;
    return this.#turn === 0;
  }

  /** The decision that was made before about the same resource and the same context values, if it was kept. */
  recall(trees: RememberedDecisions, resource: string, attributes: Attributes): Decision | undefined {
    let step = trees.get(resource);
    while (step?.key !== undefined) step = step.answers?.get(attributes.get(step.key));
    if (step === undefined) this.#patience -= 1;
    else if (this.#patience < PATIENCE) this.#patience += WORTH;
    return step?.decision;
  }

  /** How many decisions are kept. */
  get size(): number {
    return this.#size;
  }

  /** A new place for the decisions about one action; undefined when nothing is to be remembered. */
  createTrees(): RememberedDecisions | undefined {
    if (this.#most === 0) return undefined;
    const trees: RememberedDecisions = new Map();
    this.#trees.push(trees);
    return trees;
  }

  /** Whether the next decision is to be kept. Said anew each time. */
  admits(): boolean {
    if (this.#size < KEPT_AT_ONCE) return true;
    this.#dice = (Math.imul(this.#dice, 1_664_525) + 1_013_904_223) | 0;
    return this.#dice >>> 27 === 0;
  }

  /** Keeps a decision, unless a name of it is long. */
  remember(trees: RememberedDecisions, { resource, attributes, looked, decision }: Remembered): void {
    const values = looked.map((key) => attributes.get(key));
    if (!isKeepable(resource) || !values.every(isKeepable)) return;
    if (this.#size >= this.#most) this.#clear();
    this.#size += 1;
    let place = trees as Map<AttributeReading, Step>;
    let answer: AttributeReading = resource;
    for (const [at, key] of looked.entries()) {
      place = answersAt(place, answer, key);
      answer = values[at];
    }
    place.set(place.has(answer) ? answer : ownCopy(answer), new Step(decision));
  }

  #clear(): void {
    for (const trees of this.#trees) trees.clear();
    this.#size = 0;
  }
}

function answersAt(
  place: Map<AttributeReading, Step>,
  answer: AttributeReading,
  key: string,
): Map<AttributeReading, Step> {
  const known = place.get(answer);
  if (known?.answers) return known.answers;
  const question = new Step(key);
  place.set(known === undefined ? ownCopy(answer) : answer, question);
  return question.answers ?? new Map();
}
