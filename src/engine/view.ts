import type { AttributeReading } from '../policy/context-values.ts';
import type { Decision } from '../policy/decision.ts';
import type { TakenRequest } from '../policy/taken-request.ts';
import { isKeepable } from './keepable.ts';
import type { RememberedDecisions } from './memo.ts';
import type { Stop } from './walk.ts';

const TURNS = 8;

/** What a view is made of. */
export interface ViewParts {
  readonly action: string;
  readonly remembered: RememberedDecisions | undefined;
  readonly stops: readonly Stop[] | undefined;
  readonly keepsLatest: boolean;
}

/** What is known about one action. */
export class View {
  /** In the one spelling that rules are compared with. */
  readonly action: string;
  /** Decisions about it that were made before; undefined where none are kept. */
  readonly remembered: RememberedDecisions | undefined;
  /** The rules for it, where they are so few that walking along them is the fastest; else undefined. */
  readonly stops: readonly Stop[] | undefined;
  readonly #keepsLatest: boolean;
  #turn = 0;
  #resource: string | undefined;
  #value: AttributeReading;
  #decision: Decision | undefined;

  constructor({ action, remembered, stops, keepsLatest }: ViewParts) {
    this.action = action;
    this.remembered = remembered;
    this.stops = stops;
    this.#keepsLatest = keepsLatest;
  }

  /** The decision of a moment ago, if the same is asked again. */
  latest({ resource, aliases, first }: TakenRequest): Decision | undefined {
    return resource === this.#resource && first === this.#value && aliases === undefined ? this.#decision : undefined;
  }

  /**
   * Keeps a decision, now and then, until the next one that is kept.
   *
   * Invariant: it is kept only where it depends on nothing but the resource and the value under the first
   * key: without other names, and for policies that look at no other key.
   */
  note({ resource, aliases, first }: TakenRequest, decision: Decision): void {
    // Where nothing repeats, keeping each would cost more than it brings.
    this.#turn = (this.#turn + 1) % TURNS;
    if (this.#turn !== 0 || !this.#keepsLatest || aliases !== undefined || typeof resource !== 'string') return;
    if (!isKeepable(resource) || !isKeepable(first)) return;
    this.#resource = resource;
    this.#value = first;
    this.#decision = decision;
  }
}
