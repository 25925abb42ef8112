import { PolicyUnavailableError, messageOf } from '../errors.ts';
import type { AttemptOutcome, Pace, PolicySnapshot, PolicySource } from '../sources/source.ts';
import type { ActivePolicy } from './active-policy.ts';
import { activate } from './active-policy.ts';
import type { Clock, Moment } from './clock.ts';
import { momentOf, since } from './clock.ts';
import type { Deadlines, Remaining } from './horizon.ts';
import { freshForMs, nextDeadlineMs, remainingOf } from './horizon.ts';
import type { StateFacts } from './state.ts';
import { stateOf } from './state.ts';
import type { SyncStatus } from './sync-status.ts';
import { countFailure, countRejected, failureOf, outcomeOf } from './sync-status.ts';
import { tooLate, untilAborted } from './until-aborted.ts';
import { UNTRIED } from './untried.ts';
import { isBuildPhase, waitUntil } from './wait-until.ts';

/** What the refresher tells its owner. */
export interface RefresherListener {
  activated(policy: ActivePolicy): void;
  /** A document or an attempt was refused; the last good policy stays. */
  failed(error: unknown): void;
  changed(status: SyncStatus): void;
  /** An attempt has ended, well or not. */
  attempted?(): void;
  /** Something an operator may want to know. */
  noticed(message: string): void;
}

/** What a refresher is made of. */
export interface RefresherOptions {
  readonly source: PolicySource;
  /** 0 = only when asked to. */
  readonly intervalMs: number;
  /** Whether a policy that is past its time goes on deciding. */
  readonly keepsExpired: boolean;
  readonly clock: Clock;
  readonly listener: RefresherListener;
}

/** How far a policy counts. */
export type Standing = 'current' | 'stale' | 'expired';

interface Gate {
  readonly from: Moment;
  readonly delayMs: number;
  readonly error: unknown;
}

const ATTEMPT_TIMEOUT_MS = 5000;
const STORED_TIMEOUT_MS = 2000;
const INITIALIZING_MS = 5000;
const REPORTED_JUMP_MS = 300_000;
const LAZY_INTERVALS = 2;
const SHORTEST_LOOK_MS = 1000;

/**
 * Keeps one policy fresh: reads its source when it is due, parses and compiles what is new, and swaps
 * it in whole. A failed attempt never touches the active policy. One attempt at a time; callers that
 * ask while one is under way share it. It never gives up.
 */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #abort = new AbortController();
  #status: SyncStatus = UNTRIED;
  #outcome: StateFacts['outcome'] = 'untried';
  #active: ActivePolicy | undefined;
  #refused: { readonly revision: string; readonly error: unknown } | undefined;
  #attempt: Promise<void> | undefined;
  #isWantedAgain = false;
  #gate: Gate | undefined;
  #firstAttempt: Moment | undefined;
  #lastAttempt: Moment | undefined;
  #lastSuccess: Moment | undefined;
  #quiet = { from: Infinity, until: 0 };
  readonly #cancel: { attempt?: () => void; look?: () => void; watch?: () => void } = {};

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  get active(): ActivePolicy | undefined {
    return this.#active;
  }

  get status(): SyncStatus {
    this.#look();
    const { clockSkewMs = null, cacheFault = null } = this.#options.source;
    return { ...this.#status, clockSkewMs, cacheFault };
  }

  /** How far the active policy counts: `stale` when it could not be refreshed for long, or is kept though expired. */
  get standing(): Standing {
    const { state } = this.#status;
    if (state === 'expired') return this.#options.keepsExpired ? 'stale' : 'expired';
    return state === 'stale' ? 'stale' : 'current';
  }

  /** Whether there is a policy that decides. */
  get isUsable(): boolean {
    return this.#active !== undefined && this.standing !== 'expired';
  }

  /**
   * Gets a first policy: a stored one, which is then refreshed in the background, or the source's.
   * @throws what the first attempt threw; the next one is made all the same
   */
  async start(): Promise<void> {
    if (this.isUsable || this.#status.state === 'closed') return;
    if (await this.#useStored()) void this.refresh().catch(() => undefined);
    else await this.refresh();
  }

  /**
   * One attempt, or the one under way.
   * @throws what the source or the parser threw. While the source has to be spared after a failure,
   * what the last attempt threw.
   */
  refresh(): Promise<void> {
    if (this.#status.state === 'closed') return Promise.resolve();
    if (this.#attempt) return this.#attempt;
    if (this.#isGated()) return Promise.reject(this.#gate?.error);
    return this.#begin();
  }

  /**
   * Called with each decision, because timers stand still in a frozen process: looks whether the policy
   * has outlived its time, and whether an attempt is overdue. Reads the clock for remote sources only.
   */
  observe(): void {
    if (!this.#options.source.pacing) return;
    // A timer that was due while the process was frozen may have begun it: it would be frozen with the next.
    if (this.#attempt) waitUntil(this.#attempt.catch(noop));
    const wall = this.#options.clock.now();
    if (wall >= this.#quiet.from && wall < this.#quiet.until) return;
    this.#look();
    if (!this.#isOverdue() || this.#attempt || this.#isGated()) return;
    waitUntil(this.#begin().catch(() => undefined));
  }

  /** Ends at once; resolves when the source has given back what it holds. */
  async close(): Promise<void> {
    for (const cancel of Object.values(this.#cancel)) cancel();
    this.#abort.abort(new PolicyUnavailableError({ message: 'The client was closed.' }));
    this.#active = undefined;
    this.#update({ nextAttemptAt: null });
    this.#move({ freshMs: 1, validMs: 1, firstMs: 1 }, true);
    await this.#options.source.close?.();
  }

  #begin(): Promise<void> {
    this.#cancel.attempt?.();
    this.#attempt = this.#run().finally(() => {
      this.#attempt = undefined;
      this.#goOn();
    });
    return this.#attempt;
  }

  async #run(): Promise<void> {
    const { source } = this.#options;
    this.#markAttempt();
    try {
      await this.#withinTime(source.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS, async (signal) => {
        const snapshot = await untilAborted(source.read({ signal }), signal);
        await this.#use(snapshot, signal);
      });
      this.#succeeded();
    } catch (error) {
      if (this.#active) await this.#readStored();
      this.#failed(error);
      throw error;
    } finally {
      if (this.#status.state !== 'closed') this.#options.listener.attempted?.();
    }
  }

  #markAttempt(): void {
    const now = momentOf(this.#options.clock);
    if (this.#lastAttempt) this.#reportJump(this.#lastAttempt, now);
    this.#firstAttempt ??= now;
    this.#lastAttempt = now;
    if (this.#outcome === 'untried') this.#outcome = 'pending';
    this.#update({ lastAttemptAt: now.wall });
    this.#look();
  }

  #reportJump(before: Moment, now: Moment): void {
    const jumpMs = now.wall - before.wall - (now.elapsed - before.elapsed);
    if (Math.abs(jumpMs) < REPORTED_JUMP_MS) return;
    this.#options.listener.noticed(`The wall clock jumped by ${Math.round(jumpMs / 1000)} s.`);
  }

  async #withinTime(limitMs: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { clock } = this.#options;
    const limit = new AbortController();
    const stop = (): void => limit.abort(this.#abort.signal.reason);
    const cancel = clock.after(limitMs, () => limit.abort(tooLate()));
    this.#abort.signal.addEventListener('abort', stop, { once: true });
    try {
      await work(limit.signal);
    } finally {
      cancel();
      this.#abort.signal.removeEventListener('abort', stop);
    }
  }

  async #useStored(): Promise<boolean> {
    if (this.#firstAttempt) return false;
    this.#firstAttempt = momentOf(this.#options.clock);
    this.#outcome = 'pending';
    this.#look();
    await this.#readStored();
    return this.isUsable;
  }

  // Also after a failure: another process of this machine may have been luckier.
  async #readStored(): Promise<void> {
    const { source, listener } = this.#options;
    if (!source.readStored) return;
    try {
      await this.#withinTime(STORED_TIMEOUT_MS, async (signal) => {
        const stored = source.readStored?.({ signal }) ?? Promise.resolve(undefined);
        const snapshot = await untilAborted(stored, signal);
        if (snapshot) await this.#use(snapshot, signal);
      });
    } catch (error) {
      listener.noticed(`The stored policy cannot be used: ${messageOf(error)}`);
    }
    this.#look();
  }

  async #use(snapshot: PolicySnapshot, signal: AbortSignal): Promise<void> {
    try {
      await this.#swapIn(snapshot, signal);
    } catch (error) {
      snapshot.settled?.({ activated: false, error });
      throw error;
    }
  }

  async #swapIn(snapshot: PolicySnapshot, signal: AbortSignal): Promise<void> {
    const { source, clock, listener } = this.#options;
    const { revision, facts } = snapshot;
    if (revision === this.#active?.revision) {
      // The same document may have been signed anew, for longer.
      this.#active = { ...this.#active, facts };
      this.#refused = undefined;
      snapshot.settled?.({ activated: true });
      return;
    }
    if (revision === this.#refused?.revision) throw this.#refused.error;
    const active = await activate(snapshot, { kind: source.kind, at: clock.now() }).catch((error: unknown) => {
      this.#refused = { revision, error };
      throw error;
    });
    signal.throwIfAborted();
    this.#active = active;
    this.#refused = undefined;
    snapshot.settled?.({ activated: true });
    listener.activated(active);
  }

  #succeeded(): void {
    this.#outcome = 'succeeded';
    this.#lastSuccess = momentOf(this.#options.clock);
    this.#gate = undefined;
    this.#update({ lastSuccessAt: this.#lastSuccess.wall, consecutiveFailures: 0, lastError: null });
    this.#pace({});
    this.#look();
  }

  #failed(error: unknown): void {
    if (this.#status.state === 'closed') return;
    const { consecutiveFailures, rejected, failures, lastError: before } = this.#status;
    const lastError = failureOf(error, this.#options.clock.now());
    this.#outcome = 'failed';
    this.#update({
      consecutiveFailures: consecutiveFailures + 1,
      lastError,
      rejected: countRejected(rejected, lastError),
      failures: countFailure(failures, lastError),
    });
    const pace = this.#pace(outcomeOf(error));
    if (pace) this.#gate = { from: momentOf(this.#options.clock), delayMs: pace.delayMs, error };
    this.#look();
    if (before?.message !== lastError.message) this.#options.listener.failed(error);
  }

  /** Sets when the next attempt is due; gives the pace that the source itself set. */
  #pace(outcome: AttemptOutcome): Pace | undefined {
    const { source, intervalMs, clock } = this.#options;
    const own = source.pacing?.next(outcome);
    const { delayMs, regime } = own ?? { delayMs: intervalMs, regime: 'normal' };
    const isScheduled = intervalMs > 0 && !isBuildPhase();
    this.#update({ regime, nextAttemptAt: isScheduled ? Math.round(clock.now() + delayMs) : null });
    this.#cancel.attempt = isScheduled ? clock.after(delayMs, () => this.#tick()) : noop;
    return own;
  }

  #tick(): void {
    if (!this.#attempt) this.#begin().catch(noop);
  }

  // A hint that came during an attempt may be about something newer than what that attempt has read.
  #goOn(): void {
    if (this.#status.state === 'closed') return;
    if (!this.#cancel.watch && !isBuildPhase()) {
      this.#cancel.watch = this.#options.source.watch?.(() => this.#hinted()) ?? noop;
    }
    if (!this.#isWantedAgain) return;
    this.#isWantedAgain = false;
    this.refresh().catch(noop);
  }

  #hinted(): void {
    if (this.#attempt) this.#isWantedAgain = true;
    else this.refresh().catch(noop);
  }

  #isGated(): boolean {
    return this.#gate !== undefined && since(this.#gate.from, momentOf(this.#options.clock)) < this.#gate.delayMs;
  }

  /** Milliseconds until the next attempt is overdue; a second when it is already. */
  #overdueMs(now: Moment): number {
    const { intervalMs } = this.#options;
    if (intervalMs === 0 || !this.#lastAttempt) return Infinity;
    return Math.max(LAZY_INTERVALS * intervalMs - since(this.#lastAttempt, now), SHORTEST_LOOK_MS);
  }

  #isOverdue(): boolean {
    const { intervalMs, clock } = this.#options;
    if (intervalMs === 0 || !this.#lastAttempt) return false;
    return since(this.#lastAttempt, momentOf(clock)) > LAZY_INTERVALS * intervalMs;
  }

  /** Brings the state in line with the clock, and asks to be called again when it may change next. */
  #look(): void {
    if (this.#status.state === 'closed') return;
    const { clock } = this.#options;
    const now = momentOf(clock);
    const left = remainingOf(this.#deadlines(), now);
    const nextMs = nextDeadlineMs(left);
    this.#quiet = { from: now.wall, until: now.wall + Math.min(nextMs, this.#overdueMs(now)) };
    this.#cancel.look?.();
    if (nextMs < Infinity && !isBuildPhase()) this.#cancel.look = clock.after(nextMs, () => this.#look());
    this.#move(left, false);
  }

  #deadlines(): Deadlines {
    const fresh = this.#lastSuccess ?? this.#firstAttempt;
    const first = this.#outcome === 'pending' ? this.#firstAttempt : undefined;
    return {
      fresh: fresh && { from: fresh, forMs: freshForMs(this.#options.intervalMs) },
      first: first && { from: first, forMs: INITIALIZING_MS },
      expiresAt: this.#active?.facts?.expiresAt,
    };
  }

  #move(left: Remaining, isClosed: boolean): void {
    const { source, clock, listener } = this.#options;
    const isLate = this.#outcome === 'pending' && left.firstMs <= 0;
    const state = stateOf({
      isClosed,
      isFixed: source.isFixed === true,
      policy: this.#policyState(left),
      outcome: isLate ? 'failed' : this.#outcome,
      isOutdated: left.freshMs <= 0,
    });
    if (state === this.#status.state) return;
    this.#update({ state, since: clock.now() });
    listener.changed(this.#status);
  }

  #policyState({ validMs }: Remaining): StateFacts['policy'] {
    if (!this.#active) return 'none';
    return validMs > 0 ? 'valid' : 'expired';
  }

  #update(change: Partial<SyncStatus>): void {
    this.#status = { ...this.#status, ...change };
  }
}

function noop(): void {
  // Nothing to cancel, and nobody who waits.
}
