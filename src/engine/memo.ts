import type { AttributeReading, Attributes } from '../policy/context-values.ts';
import type { Decision } from '../policy/decision.ts';

// A question about one context key, and where each of its values leads.
class Question {
  readonly key: string;
  readonly answers: Map<AttributeReading, Step> = new Map();

  constructor(key: string) {
    this.key = key;
  }
}

type Step = Question | Decision;

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

const LONGEST = 256;
const KEPT_AT_ONCE = 256;

/** A text of its own: one cut out of a request body keeps the whole body alive for as long as it is kept. */
export function ownCopy<Value>(value: Value): Value {
  return typeof value === 'string' ? (JSON.parse(JSON.stringify(value)) as Value) : value;
}

function isShort(value: AttributeReading): boolean {
  return typeof value !== 'string' || value.length <= LONGEST;
}

/**
 * Decisions that were made before, as trees: what a request is asked next depends only on its resource
 * and its answers so far, because the search looks at context values in an order that depends on
 * nothing else. So context values that no rule looks at do not multiply what is kept.
 *
 * Invariant: what is kept under a path is what the search finds for every request with these answers.
 *
 * It holds at most so many decisions and then starts anew. Where nothing repeats, keeping everything
 * would cost more than it brings: beyond the first few hundred, one decision in eight is kept, and what
 * is asked often gets in soon.
 */
export class Memo {
  readonly #most: number;
  readonly #trees: RememberedDecisions[] = [];
  #size = 0;
  #dice = 1;

  constructor(most: number) {
    this.#most = most;
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

  /** Keeps a decision, or not. */
  remember(trees: RememberedDecisions, { resource, attributes, looked, decision }: Remembered): void {
    const values = looked.map((key) => attributes.get(key));
    if (!this.#admits() || resource.length > LONGEST || !values.every(isShort)) return;
    if (this.#size >= this.#most) this.#clear();
    this.#size += 1;
    let place = trees as Map<AttributeReading, Step>;
    let answer: AttributeReading = resource;
    for (const [at, key] of looked.entries()) {
      place = questionAt(place, answer, key).answers;
      answer = values[at];
    }
    place.set(place.has(answer) ? answer : ownCopy(answer), decision);
  }

  #clear(): void {
    for (const trees of this.#trees) trees.clear();
    this.#size = 0;
  }

  #admits(): boolean {
    if (this.#size < KEPT_AT_ONCE) return true;
    this.#dice = (Math.imul(this.#dice, 1_664_525) + 1_013_904_223) | 0;
    return this.#dice >>> 29 === 0;
  }
}

function questionAt(place: Map<AttributeReading, Step>, answer: AttributeReading, key: string): Question {
  const known = place.get(answer);
  if (known instanceof Question && known.key === key) return known;
  const question = new Question(key);
  place.set(known === undefined ? ownCopy(answer) : answer, question);
  return question;
}

/** The decision that was made before about the same resource and the same context values, if it was kept. */
export function recall(trees: RememberedDecisions, resource: string, attributes: Attributes): Decision | undefined {
  let step = trees.get(resource);
  while (step instanceof Question) step = step.answers.get(attributes.get(step.key));
  return step;
}
