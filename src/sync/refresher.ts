import type { ControlZeroErrorCode } from '../errors.ts';
import { ControlZeroError, messageOf } from '../errors.ts';
import type { PolicySource } from '../sources/source.ts';
import type { ActivePolicy } from './active-policy.ts';
import { activate } from './active-policy.ts';
import type { SyncState } from './state.ts';
import { canBecome } from './state.ts';

/** What went wrong in the last attempt. */
export interface SyncFailure {
  /** `invalid`: the document is not a valid policy. `unreadable`: it could not be had at all. */
  readonly kind: 'invalid' | 'unreadable';
  readonly code?: ControlZeroErrorCode;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Everything that is known about policy sync at one moment. Times are milliseconds since the epoch. */
export interface SyncStatus {
  readonly state: SyncState;
  readonly since: number;
  readonly lastAttemptAt: number | null;
  readonly lastSuccessAt: number | null;
  readonly nextAttemptAt: number | null;
  readonly consecutiveFailures: number;
  readonly lastError: SyncFailure | null;
}

/** What the refresher tells its owner. */
interface RefresherListener {
  /** An attempt begins. */
  attempting?(): void;
  activated(policy: ActivePolicy): void;
  /** A document or an attempt was refused; the last good policy stays. */
  failed(error: unknown): void;
  changed(status: SyncStatus): void;
}

/** What a refresher is made of. */
export interface RefresherOptions {
  readonly source: PolicySource;
  /** 0 = only when asked to. */
  readonly intervalMs: number;
  readonly attemptTimeoutMs: number;
  readonly listener: RefresherListener;
}

const NEVER_TRIED: SyncStatus = {
  state: 'idle',
  since: 0,
  lastAttemptAt: null,
  lastSuccessAt: null,
  nextAttemptAt: null,
  consecutiveFailures: 0,
  lastError: null,
};

function failureOf(error: unknown, at: number): SyncFailure {
  const code = error instanceof ControlZeroError ? error.code : undefined;
  const kind = code === 'ERR_CZ_POLICY_INVALID' ? 'invalid' : 'unreadable';
  return { kind, ...(code !== undefined && { code }), message: messageOf(error), at };
}

/**
 * Keeps one policy fresh: reads its source at an interval, parses and compiles what is new, and swaps
 * it in whole. A failed attempt never touches the active policy. One attempt at a time; callers that
 * ask while one is under way share it.
 */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #abort = new AbortController();
  #status: SyncStatus = NEVER_TRIED;
  #active: ActivePolicy | undefined;
  #refused: { readonly revision: string; readonly error: unknown } | undefined;
  #attempt: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  /** The status of a client whose source was never looked for. */
  static untried(isClosed: boolean): SyncStatus {
    return isClosed ? { ...NEVER_TRIED, state: 'closed' } : NEVER_TRIED;
  }

  get active(): ActivePolicy | undefined {
    return this.#active;
  }

  get status(): SyncStatus {
    return this.#status;
  }

  /**
   * One attempt, or the one under way.
   * @throws what the source or the parser threw; the next tick tries again all the same
   */
  refresh(): Promise<void> {
    if (this.#status.state === 'closed') return Promise.resolve();
    this.#attempt ??= this.#run().finally(() => {
      this.#attempt = undefined;
      this.#schedule();
    });
    return this.#attempt;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#active = undefined;
    this.#update({ nextAttemptAt: null }, 'closed');
  }

  async #run(): Promise<void> {
    this.#options.listener.attempting?.();
    this.#update({ lastAttemptAt: Date.now() }, 'initializing');
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.#options.attemptTimeoutMs);
    try {
      await this.#readOnce(AbortSignal.any([this.#abort.signal, limit.signal]));
      this.#update({ lastSuccessAt: Date.now(), consecutiveFailures: 0, lastError: null }, 'ready');
    } catch (error) {
      const isNews = this.#status.lastError?.message !== messageOf(error);
      const { consecutiveFailures } = this.#status;
      this.#update(
        { consecutiveFailures: consecutiveFailures + 1, lastError: failureOf(error, Date.now()) },
        'interrupted',
      );
      if (isNews && this.#status.state !== 'closed') this.#options.listener.failed(error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    const snapshot = await untilAborted(this.#options.source.read({ signal }), signal);
    if (snapshot.revision === this.#active?.revision) {
      this.#refused = undefined;
      return;
    }
    if (snapshot.revision === this.#refused?.revision) throw this.#refused.error;
    try {
      const active = await activate(snapshot, this.#options.source.kind);
      if (signal.aborted) return;
      this.#active = active;
      this.#refused = undefined;
      this.#options.listener.activated(active);
    } catch (error) {
      this.#refused = { revision: snapshot.revision, error };
      throw error;
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { intervalMs } = this.#options;
    if (intervalMs === 0 || this.#status.state === 'closed') return;
    this.#timer = setTimeout(() => void this.refresh().catch(() => undefined), intervalMs);
    // Edge runtimes hand out numbers here; on Node a live timer would keep a finished process up.
    (this.#timer as { unref?: () => void }).unref?.();
    this.#update({ nextAttemptAt: Date.now() + intervalMs });
  }

  #update(change: Partial<SyncStatus>, state?: SyncState): void {
    const before = this.#status;
    const moves = state !== undefined && canBecome(before.state, state);
    this.#status = { ...before, ...change, ...(moves && { state, since: Date.now() }) };
    if (moves) this.#options.listener.changed(this.#status);
  }
}

// A source may ignore its signal: a hung file system must not hang every later attempt.
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('The policy source did not answer in time.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
