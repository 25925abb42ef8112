import type { Listener } from './events/emitter.ts';
import { Emitter } from './events/emitter.ts';
import type { Logger } from './logger.ts';
import type { PolicyEvent, Status } from './status.ts';
import { alarmOf, policyStatus } from './status.ts';
import type { ActivePolicy } from './sync/active-policy.ts';

/** The part of a client that tells which policy is active, and how it stands. */
export class ClientPolicies {
  readonly #policies: Emitter<PolicyEvent>;
  readonly #statuses: Emitter<Status>;
  readonly #logger: Logger;

  constructor(logger: Logger, report: (error: unknown) => void) {
    this.#policies = new Emitter(report);
    this.#statuses = new Emitter(report);
    this.#logger = logger;
  }

  onPolicy(listener: Listener<PolicyEvent>): () => void {
    return this.#policies.on(listener);
  }

  onStatus(listener: Listener<Status>): () => void {
    return this.#statuses.on(listener);
  }

  activated(active: ActivePolicy): void {
    this.#policies.emit({ type: 'policy-activated', at: Date.now(), policy: policyStatus(active) });
  }

  /** @param active the policy that stays, if any */
  refused(error: unknown, active: ActivePolicy | undefined): void {
    this.#policies.emit({ type: 'policy-refused', at: Date.now(), error, policy: policyStatus(active) });
  }

  changed(status: Status): void {
    const alarm = alarmOf(status);
    if (alarm !== undefined) this.#logger.error(alarm);
    this.#statuses.emit(status);
  }

  async flush(): Promise<void> {
    await Promise.all([this.#policies.flush(), this.#statuses.flush()]);
  }
}
