import { ClientDecisions } from './client-decisions.ts';
import { ClientPolicies } from './client-policies.ts';
import { ClientSecrets } from './client-secrets.ts';
import type { AskedFirst, EnforceFirstOptions, Enforcement } from './enforcement.ts';
import { firstAllowed } from './enforcement.ts';
import type { Explanation } from './engine/explain.ts';
import { PolicyUnavailableError, messageOf } from './errors.ts';
import type { DecisionEvent, Mode } from './events/decision-event.ts';
import type { ListenOptions, Listener } from './events/emitter.ts';
import { ownField } from './events/own-field.ts';
import type { Denial, Judgement } from './judge.ts';
import { errorFor, explainJudgement, judge } from './judge.ts';
import type { Logger } from './logger.ts';
import { mapLogger } from './logger.ts';
import type { ControlZeroOptions, ResolvedOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import type { Decision } from './policy/decision.ts';
import { canonicalAction } from './policy/names.ts';
import type { Surroundings } from './policy/taken-request.ts';
import type { Context, PolicyRequest } from './policy/types.ts';
import { agentContext, currentIdentity } from './run-as.ts';
import type { SecretEvent } from './secrets/secret-event.ts';
import type { PolicyEvent, Status } from './status.ts';
import { policyStatus, remainsOf } from './status.ts';
import type { Clock } from './sync/clock.ts';
import { systemClock } from './sync/clock.ts';
import type { Refresher } from './sync/refresher.ts';
import { UNTRIED } from './sync/untried.ts';
import type { WaitOptions } from './with-limits.ts';
import { CLOSING_MS, withLimits } from './with-limits.ts';

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
  readonly #clock: Clock;
  readonly #defaults: readonly Context[];
  readonly #nobody: Surroundings;
  readonly #decisions: ClientDecisions;
  readonly #policies: ClientPolicies;
  readonly #secrets: ClientSecrets;
  #refresher: Refresher | undefined;
  #starting: Promise<void> | undefined;
  #firstUse: Promise<unknown> | undefined;
  #isClosed = false;
  #startError: unknown;

  /** @param clock for tests of the package itself */
  constructor(options?: ControlZeroOptions, clock: Clock = systemClock) {
    const resolved = resolveOptions(options);
    const logger = mapLogger(resolved.logger, (message) => this.#secrets.redact(message));
    const { agentId } = resolved;
    this.#options = { ...resolved, logger };
    this.#clock = clock;
    this.#defaults = agentId === undefined ? [] : [agentContext(agentId)];
    this.#nobody = { identity: undefined, defaults: this.#defaults };
    const report = (error: unknown): void => logger.error(`A listener failed: ${messageOf(error)}`);
    this.#policies = new ClientPolicies(logger, report);
    this.#secrets = new ClientSecrets(this.#options, report);
    this.#decisions = new ClientDecisions({ options: this.#options, secrets: this.#secrets, clock, report });
  }

  /**
   * Finds the policy source and reads it for the first time. May be called often: it does nothing once
   * a policy is active, and calls at the same time share one attempt. With a hosted policy, the verified
   * copy that an earlier process left on disk is enough; it is refreshed in the background. After a
   * failure the client keeps trying, and every call is denied until it succeeds.
   *
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when no policy is configured or it cannot be read
   * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the document has problems
   * @throws {BundleRefusedError} `ERR_CZ_BUNDLE_REFUSED` when a hosted policy must not be used
   * @throws {SecretUnavailableError} `ERR_CZ_SECRET_UNAVAILABLE` when only the secrets cannot be had
   */
  async initialize(options: WaitOptions = {}): Promise<this> {
    if (this.#isClosed) throw new PolicyUnavailableError({ message: 'The client is closed; make a new one.' });
    if (!this.#refresher?.isUsable || !this.#secrets.isReady) {
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
    const begunAt = this.#decisions.begin();
    const judgement = this.#judge(request);
    return this.#decisions.tell({ judgement, begunAt });
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
  enforce(request: PolicyRequest): Promise<Decision> {
    return this.enforceFirst([request]).then(({ decision }) => decision);
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
    if (!this.#isReady) await this.#ready();
    const outcome = this.#enforceFirst(requests, options);
    // Who awaits it need not have it thrown.
    return 'denied' in outcome ? Promise.reject(this.#secrets.redactIn(errorFor(outcome))) : outcome;
  }

  /**
   * Does what `enforceFirst` does, at once: awaiting what there is nothing to wait for would cost more than
   * the decision.
   *
   * @returns undefined while there is no policy yet: nothing was decided, and `enforceFirst` has to be awaited
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when the client is closed
   */
  enforceFirstNow(requests: readonly PolicyRequest[], options: EnforceFirstOptions = {}): Enforcement | undefined {
    if (!this.#isReady) return undefined;
    const outcome = this.#enforceFirst(requests, options);
    if ('denied' in outcome) throw this.#secrets.redactIn(errorFor(outcome));
    return outcome;
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

  /**
   * The value of a secret. A look-up in memory: no network, no file. Where the policy names the action
   * `secret.read`, it decides who may read `secret/<name>`, and one event is recorded.
   *
   * The text that comes back is yours to keep safe: it is not redacted elsewhere than in what this
   * package writes. On rotation ask again; `onSecret()` says when.
   *
   * @throws {SecretNotFoundError} `ERR_CZ_SECRET_NOT_FOUND` when nobody stored it, or the policy denies it
   * @throws {SecretUnavailableError} `ERR_CZ_SECRET_UNAVAILABLE` without `secretsEnabled`, before
   *   `initialize()`, without an active policy, and after the values were dropped
   *
   * @example
   * ```ts
   * import { init } from '@controlzero/sdk';
   * import { wrapOpenAI } from '@controlzero/sdk/openai';
   * import OpenAI from 'openai';
   *
   * const cz = await init({ secretsEnabled: true }); // controlzero.yaml and controlzero.vault
   * const openai = wrapOpenAI(new OpenAI({ apiKey: cz.getSecret('openai') }), cz);
   * ```
   */
  getSecret(name: string): string {
    return this.#secrets.get(name);
  }

  /** Where the client reports what an operator should know. */
  get logger(): Logger {
    return this.#options.logger;
  }

  /** How decisions take effect. */
  get mode(): Mode {
    return this.#options.mode;
  }

  /** Where the client stands: state, active policy, last error. Plain data, safe to show. */
  status(): Status {
    const sync = this.#refresher?.status ?? { ...UNTRIED, ...(this.#isClosed && { state: 'closed' }) };
    const usable = this.#refresher?.isUsable ?? false;
    const { mode, failOpen } = this.#options;
    const policy = policyStatus(this.#refresher?.active);
    const { events, audit } = this.#decisions;
    this.#secrets.redactIn(sync.lastError);
    for (const { lastError } of audit?.sinks ?? []) this.#secrets.redactIn(lastError);
    const { status: secrets } = this.#secrets;
    return { ...sync, usable, mode, failOpen, policy, secrets, audit, events };
  }

  /**
   * Calls a listener after each decision; the function that comes back removes it. With `immediate` it is
   * called inside the decision, before the call goes on, and every call waits for it.
   */
  onDecision(listener: Listener<DecisionEvent>, options?: ListenOptions): () => void {
    return this.#decisions.on(listener, options);
  }

  /** Calls a listener when a policy was activated or refused; the function that comes back removes it. */
  onPolicy(listener: Listener<PolicyEvent>): () => void {
    return this.#policies.onPolicy(listener);
  }

  /** Calls a listener when the state changed; the function that comes back removes it. */
  onStatus(listener: Listener<Status>): () => void {
    return this.#policies.onStatus(listener);
  }

  /** Calls a listener when a secret was rotated, added, removed or dropped: names, never values. */
  onSecret(listener: Listener<SecretEvent>): () => void {
    return this.#secrets.on(listener);
  }

  /**
   * Reads the source now instead of at the next tick. While a control plane has to be spared after a
   * failure no request is made: it rejects with what the last attempt failed with.
   *
   * @throws {BundleRefusedError} `ERR_CZ_BUNDLE_REFUSED`; the last good policy stays active
   * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID`; the last good policy stays active
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`; the last good policy stays active
   * @throws {SecretUnavailableError} `ERR_CZ_SECRET_UNAVAILABLE` when only the secrets cannot be had
   */
  async refresh(options: WaitOptions = {}): Promise<void> {
    if (!this.#refresher) {
      await this.initialize(options);
      return;
    }
    await withLimits(this.#withSecrets(this.#refresher.refresh()), options);
  }

  /**
   * Resolves when all events so far have been handed to the listeners, and all records to their sinks, or
   * when the time for that is over. A sink that has to be spared after a failure is not waited for;
   * `status().audit` says what became of records. Rejects only with the reason of the signal.
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    await withLimits(this.#flush(this.#decisions.flush()), options).catch(() => options.signal?.throwIfAborted());
  }

  /**
   * Stops all timers, delivers what is queued, for records in two seconds at most, and denies every further
   * call. May be called twice.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    const closing = this.#refresher?.close().catch((error: unknown) => this.#warn(error));
    this.#secrets.close();
    await this.#flush(this.#decisions.close());
    // What is written for the next process is worth a moment, and no more.
    if (closing) await withLimits(closing, { timeoutMs: CLOSING_MS }).catch(() => undefined);
  }

  async #flush(decisions: Promise<void>): Promise<void> {
    await Promise.all([decisions, this.#policies.flush(), this.#secrets.flush()]);
  }

  async #start(): Promise<void> {
    try {
      this.#decisions.checkSinks();
      await this.#secrets.open(this, { clock: this.#clock, isUsable: () => this.#refresher?.isUsable === true });
      this.#refresher ??= await this.#createRefresher();
      if (this.#refresher.isUsable) this.#secrets.retry();
      await this.#withSecrets(this.#refresher.start());
      this.#startError = undefined;
    } catch (error) {
      this.#startError = error;
      throw error;
    }
  }

  // Secrets are read after the policy in every attempt; the policy's error counts first.
  async #withSecrets(work: Promise<void>): Promise<void> {
    try {
      await work;
      await this.#secrets.latest();
    } catch (error) {
      throw this.#secrets.redactIn(error);
    }
  }

  // Loaded on demand: an application that is only built never needs it.
  async #createRefresher(): Promise<Refresher> {
    const { openRefresher } = await import('./open-refresher.ts');
    const refresher = await openRefresher({
      options: this.#options,
      clock: this.#clock,
      secrets: this.#secrets,
      decisions: this.#decisions,
      listener: {
        attempted: () => this.#secrets.begin(),
        activated: (active) => this.#policies.activated(active),
        failed: (error) => this.#failed(error),
        changed: () => this.#policies.changed(this.status()),
        noticed: (message) => this.#options.logger.info(message),
      },
    });
    if (this.#isClosed) await refresher.close();
    return refresher;
  }

  // Only the very first use waits for a policy. Later ones are answered at once, from what is active.
  get #isReady(): boolean {
    return this.#refresher?.isUsable === true || this.#isClosed;
  }

  async #ready(): Promise<void> {
    if (this.#isReady) return;
    this.#firstUse ??= this.initialize().catch((error: unknown) => this.#warn(error));
    await this.#firstUse;
  }

  #enforceFirst(requests: readonly PolicyRequest[], options: EnforceFirstOptions): Enforcement | Denial {
    const [first] = requests;
    if (first === undefined) throw new TypeError('enforceFirst() takes at least one request.');
    const begunAt = this.#decisions.begin();
    const asked = this.#judge(first);
    // The way that nearly all calls go.
    if (asked.decision.allowed && !this.#decisions.isWatched) return { index: 0, decision: asked.decision };
    const [previous, adapter] = [ownField(options, 'previous'), ownField(options, 'adapter')];
    return this.#tellFirst(requests, { previous, adapter, asked, begunAt });
  }

  #tellFirst(
    requests: readonly PolicyRequest[],
    { previous, adapter, asked, begunAt }: AskedFirst,
  ): Enforcement | Denial {
    const isShadow = this.#options.mode === 'shadow';
    const first = { index: 0, judgement: asked };
    const isPassing = asked.decision.allowed || isShadow;
    const passing = isPassing ? first : firstAllowed(requests, (request) => this.#judge(request));
    const { index, judgement } = passing ?? first;
    // Decisions are shared objects: the same answer of the same policy is the same object.
    if (passing && judgement.decision === previous) return { index, decision: previous };
    const denied = judgement === asked ? undefined : asked;
    const decision = this.#decisions.tell({ judgement, denied, adapter, begunAt });
    if (decision.allowed || isShadow) return { index, decision };
    return { denied: { ...asked, decision }, cause: this.#startError };
  }

  #judge(request: PolicyRequest): Judgement {
    const identity = currentIdentity();
    const surroundings = identity === undefined ? this.#nobody : { identity, defaults: this.#defaults };
    const refresher = this.#refresher;
    refresher?.observe();
    return judge(request, {
      active: refresher?.active,
      standing: refresher?.standing ?? 'current',
      isClosed: this.#isClosed,
      failOpen: this.#options.failOpen,
      surroundings,
    });
  }

  #warn(error: unknown): void {
    const { failOpen, logger } = this.#options;
    logger.error(`${messageOf(error)}\n${remainsOf(this.#refresher?.active, failOpen)}`);
  }

  #failed(error: unknown): void {
    this.#secrets.redactIn(error);
    // Whoever waits for the first attempt gets its error; one in the background is told to the operator.
    if (!this.#starting) this.#warn(error);
    this.#policies.refused(error, this.#refresher?.active);
  }
}
