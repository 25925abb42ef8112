import type { Status } from '../../src/index.ts';

/** Numbers by the value of the one attribute that tells them apart. */
type Tally = Map<string, number>;

/** What is observed of all clients together. */
export interface ClientObservation {
  /** Seconds by kind of source. */
  readonly policyAge: Tally;
  /** Clients by state. */
  readonly clients: Tally;
  /** Failed attempts by kind. */
  readonly syncFailures: Tally;
  /** Without any attribute. */
  readonly droppedEvents: Tally;
  /** Records by sink. */
  readonly queuedRecords: Tally;
  readonly droppedRecords: Tally;
}

const MS_PER_SECOND = 1000;

function count(tally: Tally, key: string, more: number): void {
  tally.set(key, (tally.get(key) ?? 0) + more);
}

// Since its source last said that the policy is the newest; one given in code has no source to ask.
function observeAge(ages: Tally, { state, policy, lastSuccessAt }: Status): void {
  if (!policy || state === 'local') return;
  const confirmedAt = lastSuccessAt ?? policy.issuedAt ?? policy.activatedAt;
  const seconds = (Date.now() - confirmedAt) / MS_PER_SECOND;
  ages.set(policy.kind, Math.max(seconds, ages.get(policy.kind) ?? 0));
}

// What was told once stays in an export until something else is told.
function zeroed(tally: Tally | undefined): Tally {
  return new Map(Array.from(tally?.keys() ?? [], (key) => [key, 0]));
}

/** An observation of nobody: it counts on from totals, and everything else that was told before is 0. */
export function emptyObservation(totals?: ClientObservation, before?: ClientObservation): ClientObservation {
  return {
    policyAge: zeroed(before?.policyAge),
    clients: zeroed(before?.clients),
    syncFailures: new Map(totals?.syncFailures),
    droppedEvents: new Map(totals?.droppedEvents),
    queuedRecords: zeroed(before?.queuedRecords),
    droppedRecords: new Map(totals?.droppedRecords),
  };
}

/** Adds what only ever grows: it counts on when a client is gone. */
export function addTotals(observation: ClientObservation, status: Status): void {
  for (const [kind, times] of Object.entries(status.failures)) count(observation.syncFailures, kind, times);
  count(observation.droppedEvents, '', status.events.dropped);
  for (const { name, dropped } of status.audit?.sinks ?? []) count(observation.droppedRecords, name, dropped);
}

/** Adds one client. */
export function observe(observation: ClientObservation, status: Status): void {
  addTotals(observation, status);
  count(observation.clients, status.state, 1);
  observeAge(observation.policyAge, status);
  for (const { name, queued } of status.audit?.sinks ?? []) count(observation.queuedRecords, name, queued);
}
