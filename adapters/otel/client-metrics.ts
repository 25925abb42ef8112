import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api';

import type { ControlZero, Status } from '../../src/index.ts';
import type { ClientObservation } from './client-observation.ts';
import { addTotals, emptyObservation, observe } from './client-observation.ts';

interface ClientMetric {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly create: 'createObservableGauge' | 'createObservableCounter' | 'createObservableUpDownCounter';
  /** The attribute that tells the numbers apart; undefined where there is one number. */
  readonly attribute: string | undefined;
}

const METRICS: Readonly<Record<keyof ClientObservation, ClientMetric>> = {
  policyAge: {
    name: 'controlzero.policy.age',
    unit: 's',
    description: 'Time since the source of the policy last confirmed it; of several clients, the longest.',
    create: 'createObservableGauge',
    attribute: 'controlzero.policy.kind',
  },
  clients: {
    name: 'controlzero.clients',
    unit: '{client}',
    description: 'Clients by the state of their policy sync.',
    create: 'createObservableUpDownCounter',
    attribute: 'controlzero.sync.state',
  },
  syncFailures: {
    name: 'controlzero.sync.failures',
    unit: '{failure}',
    description: 'Attempts to get a policy that failed.',
    create: 'createObservableCounter',
    attribute: 'error.type',
  },
  droppedEvents: {
    name: 'controlzero.events.dropped',
    unit: '{event}',
    description: 'Decision events that were dropped because too many waited for their listeners.',
    create: 'createObservableCounter',
    attribute: undefined,
  },
  queuedRecords: {
    name: 'controlzero.records.queued',
    unit: '{record}',
    description: 'Decision records that wait for their sink.',
    create: 'createObservableUpDownCounter',
    attribute: 'controlzero.record.sink',
  },
  droppedRecords: {
    name: 'controlzero.records.dropped',
    unit: '{record}',
    description: 'Decision records that never reached their sink.',
    create: 'createObservableCounter',
    attribute: 'controlzero.record.sink',
  },
};

const TALLIES = Object.keys(METRICS) as (keyof ClientObservation)[];

/** Metrics of the clients themselves, read from their status when metrics are collected. */
export class ClientMetrics {
  readonly #instruments: ReadonlyMap<keyof ClientObservation, Observable>;
  readonly #clients = new Set<ControlZero>();
  // Totals of clients that are gone: a counter must not go back.
  readonly #gone = emptyObservation();
  #before: ClientObservation | undefined;

  constructor(meter: Meter) {
    this.#instruments = new Map(
      TALLIES.map((tally) => {
        const { name, unit, description, create } = METRICS[tally];
        return [tally, meter[create](name, { unit, description })];
      }),
    );
    meter.addBatchObservableCallback((result) => this.#observe(result), [...this.#instruments.values()]);
  }

  add(cz: ControlZero): void {
    this.#clients.add(cz);
  }

  remove(cz: ControlZero): void {
    if (this.#clients.delete(cz)) addTotals(this.#gone, cz.status());
  }

  // Whoever closes a client may forget to end its instrumentation.
  #readStatuses(): readonly Status[] {
    const open: Status[] = [];
    for (const cz of this.#clients) {
      const status = cz.status();
      if (status.state === 'closed') this.remove(cz);
      else open.push(status);
    }
    return open;
  }

  #observe(result: BatchObservableResult): void {
    const statuses = this.#readStatuses();
    const observation = emptyObservation(this.#gone, this.#before);
    for (const status of statuses) observe(observation, status);
    this.#before = observation;
    for (const [tally, instrument] of this.#instruments) {
      const { attribute } = METRICS[tally];
      for (const [value, number] of observation[tally])
        result.observe(instrument, number, attribute === undefined ? {} : { [attribute]: value });
    }
  }
}
