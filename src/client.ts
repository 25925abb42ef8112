import type { Explanation } from './engine/explain.ts';
import { PolicyUnavailableError, messageOf } from './errors.ts';
import type { DecisionEvent } from './events/decision-event.ts';
import type { Listener } from './events/emitter.ts';
import { Emitter } from './events/emitter.ts';
import type { Judgement } from './judge.ts';
import { describeJudgement, errorFor, explainJudgement, judge } from './judge.ts';
import type { Logger } from './logger.ts';
import type { ControlZeroOptions, ResolvedOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import type { Decision } from './policy/decision.ts';
import { canonicalAction } from './policy/names.ts';
import type { Surroundings } from './policy/request.ts';
import type { Context, PolicyRequest } from './policy/types.ts';
import { agentContext, currentIdentity } from './run-as.ts';
import type { PolicyEvent, PolicyStatus, Status } from './status.ts';
import type { ActivePolicy } from './sync/active-policy.ts';
import { Refresher } from './sync/refresher.ts';
import type { WaitOptions } from './with-limits.ts';
import { withLimits } from './with-limits.ts';

/** How a list of requests is enforced. */
export interface EnforceFirstOptions {
  /**
   * The decision about an earlier attempt of the same call. The call is judged anew, and recorded only
   * when the decision is another one.
   */
  readonly previous?: Decision;
}

/** The request that may go ahead, and the decision about it. */
export interface Enforcement {
  /** Index into the requests that were given. */
  readonly index: number;
  readonly decision: Decision;
}

const ATTEMPT_TIMEOUT_MS = 5000;

function policyStatus(active: ActivePolicy): PolicyStatus {
  const { revision, source, origin, activatedAt, compiled } = active;
  return { revision, source, origin, activatedAt, rules: compiled.rules.length };
}

/**
 * The client: holds one policy, keeps it fresh, and decides requests against it.
 *
 * The constructor does no I/O, starts no timer and never throws for a missing policy or key, so it may
 * stand at the top of a module. Without an active policy every decision is a denial (fails closed).
 *
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` for options of the wrong kind
 *
 * @example
 * ```ts
 * import { ControlZero } from '@controlzero/sdk';
 *
 * const cz = new ControlZero({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * await cz.initialize();
 * await cz.enforce({ action: 'llm.generate', resource: 'model/gpt-4' });
 * ```
 */
export class ControlZero {
  readonly #options: ResolvedOptions;
  readonly #defaults: readonly Context[];
  readonly #nobody: Surroundings;
  readonly #decisions: Emitter<DecisionEvent>;
  readonly #policies: Emitter<PolicyEvent>;
  readonly #statuses: Emitter<Status>;
  #refresher: Refresher | undefined;
  #starting: Promise<void> | undefined;
  #firstUse: Promise<unknown> | undefined;
  #isClosed = false;
  #startError: unknown;

  constructor(options?: ControlZeroOptions) {
    this.#options = resolveOptions(options);
    const { agentId, logger } = this.#options;
    this.#defaults = agentId === undefined ? [] : [agentContext(agentId)];
    this.#nobody = { identity: undefined, defaults: this.#defaults };
    const report = (error: unknown): void => logger.error(`A listener failed: ${messageOf(error)}`);
    this.#decisions = new Emitter(report);
    this.#policies = new Emitter(report);
    this.#statuses = new Emitter(report);
  }

  /**
   * Finds the policy source and reads it for the first time. May be called often: it does nothing once
   * a policy is active, and calls at the same time share one attempt. After a failure the client keeps
   * trying in the background, and every call is denied until it succeeds.
   *
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when no policy is configured or it cannot be read
   * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the document has problems
   */
  async initialize(options: WaitOptions = {}): Promise<this> {
    if (this.#isClosed) throw new PolicyUnavailableError({ message: 'The client is closed; make a new one.' });
    if (!this.#refresher?.active) {
      this.#starting ??= this.#start().finally(() => {
        this.#starting = undefined;
      });
      await withLimits(this.#starting, options);
    }
    return this;
  }

  /**
   * Decides a request at once, against the policy that is active at this moment.
   * Never throws: whatever cannot be judged is a denial. Before `initialize()` everything is denied.
   */
  evaluate(request: PolicyRequest): Decision {
    const judgement = this.#judge(request);
    this.#record(judgement);
    return judgement.decision;
  }

  /** Decides a request, initializing on first use. A denial is a value, not an exception. */
  async check(request: PolicyRequest): Promise<Decision> {
    await this.#ready();
    return this.evaluate(request);
  }

  /**
   * Decides a request, initializing on first use, and throws when it is denied. In shadow mode it
   * never throws: look at `decision.allowed`.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED` when the policy denies it, or it cannot be judged
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when no policy is active
   */
  async enforce(request: PolicyRequest): Promise<Decision> {
    const { decision } = await this.enforceFirst([request]);
    return decision;
  }

  /**
   * Enforces the first of several requests that is allowed: what was asked for, then its fallbacks.
   * One event is recorded. When none is allowed, the denial of the first one is thrown. In shadow mode
   * the first one always goes ahead. This is what adapters call.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async enforceFirst(requests: readonly PolicyRequest[], options: EnforceFirstOptions = {}): Promise<Enforcement> {
    // Awaiting what there is nothing to wait for would cost as much as the decision.
    if (!this.#isReady) await this.#ready();
    return this.#enforceFirst(requests, options.previous);
  }

  /** Decides a request like `evaluate`, and records no event: for what would be decided, not for what is done. */
  preview(request: PolicyRequest): Decision {
    return this.#judge(request).decision;
  }

  /** Decides a request like `evaluate` and says of every rule why it did or did not match. Records no event. */
  explain(request: PolicyRequest): Explanation {
    return explainJudgement(this.#judge(request));
  }

  /**
   * Whether a rule of the active policy names an action, other than by `*` alone. Without an active
   * policy: false. What is governed only where the policy asks for it is decided by this.
   */
  policyNames(action: string): boolean {
    return this.#refresher?.active?.compiled.namesAction(canonicalAction(action)) ?? false;
  }

  /** Where the client reports what an operator should know. */
  get logger(): Logger {
    return this.#options.logger;
  }

  /** Where the client stands: state, active policy, last error. Plain data, safe to show. */
  status(): Status {
    const sync = this.#refresher?.status ?? Refresher.untried(this.#isClosed);
    const { mode, failOpen } = this.#options;
    const policy = this.#policyStatus();
    const { queued, dropped } = this.#decisions;
    return { ...sync, usable: policy !== null, mode, failOpen, policy, events: { queued, dropped } };
  }

  /** Calls a listener after each decision; the function that comes back removes it. */
  onDecision(listener: Listener<DecisionEvent>): () => void {
    return this.#decisions.on(listener);
  }

  /** Calls a listener when a policy was activated or refused; the function that comes back removes it. */
  onPolicy(listener: Listener<PolicyEvent>): () => void {
    return this.#policies.on(listener);
  }

  /** Calls a listener when the state changed; the function that comes back removes it. */
  onStatus(listener: Listener<Status>): () => void {
    return this.#statuses.on(listener);
  }

  /**
   * Reads the source now instead of at the next tick.
   * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID`; the last good policy stays active
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`; the last good policy stays active
   */
  async refresh(options: WaitOptions = {}): Promise<void> {
    if (!this.#refresher) {
      await this.initialize(options);
      return;
    }
    await withLimits(this.#refresher.refresh(), options);
  }

  /** Resolves when all events so far have been handed to the listeners. */
  async flush(options: WaitOptions = {}): Promise<void> {
    const all = Promise.all([this.#decisions.flush(), this.#policies.flush(), this.#statuses.flush()]);
    await withLimits(all, options);
  }

  /** Stops all timers, delivers what is queued, and denies every further call. May be called twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#refresher?.close();
    await this.flush();
  }

  async #start(): Promise<void> {
    try {
      this.#refresher ??= await this.#createRefresher();
      await this.#refresher.refresh();
      this.#startError = undefined;
    } catch (error) {
      this.#startError = error;
      throw error;
    }
  }

  // Loaded on demand: an application that is only built never needs it.
  async #createRefresher(): Promise<Refresher> {
    const { refreshIntervalMs } = this.#options;
    const { resolveSource } = await import('./resolve-source.ts');
    const source = await resolveSource(this.#options);
    return new Refresher({
      source,
      intervalMs: refreshIntervalMs ?? source.refreshIntervalMs,
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      listener: {
        activated: (active) => this.#activated(active),
        failed: (error) => this.#failed(error),
        changed: () => this.#statuses.emit(this.status()),
      },
    });
  }

  // Only the very first use waits for a policy. Later ones are answered at once, from what is active.
  get #isReady(): boolean {
    return this.#refresher?.active !== undefined || this.#isClosed;
  }

  async #ready(): Promise<void> {
    if (this.#isReady) return;
    this.#firstUse ??= this.initialize().catch((error: unknown) => this.#warn(error));
    await this.#firstUse;
  }

  #enforceFirst(requests: readonly PolicyRequest[], previous: Decision | undefined): Enforcement {
    const [request] = requests;
    if (request === undefined) throw new TypeError('enforceFirst() takes at least one request.');
    const asked = this.#judge(request);
    if (asked.decision.allowed || this.#options.mode === 'shadow') {
      // Decisions are shared objects: the same answer of the same policy is the same object.
      if (asked.decision !== previous) this.#record(asked);
      return { index: 0, decision: asked.decision };
    }
    for (const [index, fallback] of requests.entries()) {
      const judgement = index === 0 ? asked : this.#judge(fallback);
      if (!judgement.decision.allowed) continue;
      if (judgement.decision !== previous) this.#record(judgement, asked);
      return { index, decision: judgement.decision };
    }
    this.#record(asked);
    throw errorFor(asked, this.#startError);
  }

  #judge(request: PolicyRequest): Judgement {
    const identity = currentIdentity();
    const surroundings = identity === undefined ? this.#nobody : { identity, defaults: this.#defaults };
    const { failOpen } = this.#options;
    return judge(request, { active: this.#refresher?.active, isClosed: this.#isClosed, failOpen, surroundings });
  }

  #record(judgement: Judgement, denied?: Judgement): void {
    if (!this.#decisions.hasListeners) return;
    const { mode } = this.#options;
    const { decision } = judgement;
    this.#decisions.emit(
      Object.freeze({
        type: 'decision-made',
        at: Date.now(),
        ...describeJudgement(judgement),
        decision,
        mode,
        enforced: decision.allowed || mode === 'enforce',
        ...(denied && { fallback: { requested: describeJudgement(denied).resource, denied: denied.decision } }),
      }),
    );
  }

  #policyStatus(): PolicyStatus | null {
    const active = this.#refresher?.active;
    return active ? policyStatus(active) : null;
  }

  #warn(error: unknown): void {
    const active = this.#refresher?.active;
    const stays = active ? `The last good policy (${active.revision}) stays active` : 'No policy is active';
    this.#options.logger.error(`${messageOf(error)}\n${stays}.`);
  }

  #activated(active: ActivePolicy): void {
    this.#policies.emit({ type: 'policy-activated', at: Date.now(), policy: policyStatus(active) });
  }

  #failed(error: unknown): void {
    // Whoever waits for the first attempt gets its error; one in the background is told to the operator.
    if (!this.#starting) this.#warn(error);
    const policy = this.#policyStatus();
    this.#policies.emit({ type: 'policy-refused', at: Date.now(), error, policy });
  }
}
