/** A listener of one kind of event. What it returns is ignored; what it throws is reported and goes no further. */
export type Listener<Event> = (event: Event) => unknown;

/** How a listener is called. */
export interface ListenOptions {
  /**
   * Call it at once, inside what causes the event and in its async context, instead of in a later turn.
   * Whoever causes the event waits for it, so it has to be quick. Default: false.
   */
  readonly immediate?: boolean;
}

/** Where an emitter reports a listener that failed. */
export type ReportListenerError = (error: unknown) => void;

const MOST_QUEUED = 10_000;

/**
 * Hands events to listeners after the code that caused them has gone on: a listener can neither break
 * nor delay a decision. Events wait in a queue of at most 10,000; beyond that the newest are dropped
 * and counted. Listeners that ask for it are called at once; they too can break nothing.
 */
export class Emitter<Event> {
  readonly #listeners = new Set<Listener<Event>>();
  readonly #immediate = new Set<Listener<Event>>();
  readonly #report: ReportListenerError;
  #queue: Event[] = [];
  #dropped = 0;
  #delivery: Promise<void> | undefined;

  constructor(report: ReportListenerError) {
    this.#report = report;
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0 || this.#immediate.size > 0;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Adds a listener; the function that comes back removes it. */
  on(listener: Listener<Event>, { immediate = false }: ListenOptions = {}): () => void {
    // Wrapped, so that one function added twice is called twice and removed once per removal.
    const entry: Listener<Event> = (event) => listener(event);
    const listeners = immediate ? this.#immediate : this.#listeners;
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  emit(event: Event): void {
    for (const listener of this.#immediate) this.#call(listener, event);
    if (this.#listeners.size === 0) return;
    if (this.#queue.length >= MOST_QUEUED) {
      this.#dropped += 1;
      return;
    }
    this.#queue.push(event);
    this.#delivery ??= new Promise((resolve) => {
      setTimeout(() => {
        this.#delivery = undefined;
        this.#deliver();
        resolve();
      });
    });
  }

  /** Resolves when every event emitted so far has been handed to the listeners. */
  async flush(): Promise<void> {
    while (this.#delivery) await this.#delivery;
  }

  #deliver(): void {
    const events = this.#queue;
    this.#queue = [];
    for (const event of events) {
      for (const listener of this.#listeners) this.#call(listener, event);
    }
  }

  #call(listener: Listener<Event>, event: Event): void {
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch(this.#report);
    } catch (error) {
      this.#report(error);
    }
  }
}
