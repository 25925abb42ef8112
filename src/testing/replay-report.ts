import { printable } from '../policy/printable.ts';

/** A change for one agent and one resource. */
export interface ReplayChange {
  readonly agent: string | null;
  readonly action: string;
  readonly resource: string;
  /** How many records. */
  readonly count: number;
}

/** What a replay found. */
export interface ReplayReport {
  readonly records: number;
  /** Lines that hold no record, and the first of them. */
  readonly unreadable: number;
  readonly firstUnreadable: readonly { readonly line: number; readonly message: string }[];
  readonly unchanged: number;
  readonly newlyDenied: number;
  readonly newlyAllowed: number;
  /** Records whose decision depends on attributes that were not recorded. */
  readonly unknown: number;
  /** Those attributes, each with the number of records it leaves open. */
  readonly unknownAttributes: Readonly<Record<string, number>>;
  /** By agent and resource, most frequent first, at most 1,000 of each. */
  readonly denied: readonly ReplayChange[];
  readonly allowed: readonly ReplayChange[];
}

const MOST_GROUPS = 1000;
const MOST_SHOWN_LINES = 10;
const OTHERS = '(others)';

/** Counts by agent and resource; past 1,000 groups the rest is counted together. */
export class ChangeCounter {
  readonly #groups = new Map<string, ReplayChange>();
  total = 0;

  add(agent: string | undefined, action: string, resource: string): void {
    this.total += 1;
    const names = {
      agent: agent === undefined ? null : printable(agent),
      action: printable(action),
      resource: printable(resource),
    };
    const own = JSON.stringify([names.agent, names.action, names.resource]);
    const isKept = this.#groups.has(own) || this.#groups.size < MOST_GROUPS;
    const key = isKept ? own : OTHERS;
    const group = this.#groups.get(key) ?? {
      ...(isKept ? names : { agent: OTHERS, action: OTHERS, resource: OTHERS }),
      count: 0,
    };
    this.#groups.set(key, { ...group, count: group.count + 1 });
  }

  list(): readonly ReplayChange[] {
    return [...this.#groups.values()].toSorted((a, b) => b.count - a.count);
  }
}

/** Lines that hold no record. */
export class UnreadableLines {
  readonly first: { readonly line: number; readonly message: string }[] = [];
  total = 0;

  add(line: number, message: string): void {
    this.total += 1;
    if (this.first.length < MOST_SHOWN_LINES) this.first.push({ line, message });
  }
}
