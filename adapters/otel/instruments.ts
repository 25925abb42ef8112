import type { Counter, Histogram, Meter } from '@opentelemetry/api';

import { ClientMetrics } from './client-metrics.ts';

/** The instruments of one meter. All clients share them, so nothing is registered twice. */
export interface Instruments {
  readonly decisions: Counter;
  readonly denials: Counter;
  readonly duration: Histogram;
  readonly clients: ClientMetrics;
}

// From a decision that is remembered, well under a microsecond, to one that waited for a busy event loop.
const DURATION_BUCKETS = [
  0.000_001, 0.000_002, 0.000_005, 0.000_01, 0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01,
  0.1, 1,
];

const made = new WeakMap<Meter, Instruments>();

function make(meter: Meter): Instruments {
  return {
    decisions: meter.createCounter('controlzero.decisions', {
      description: 'Decisions about calls.',
      unit: '{decision}',
    }),
    denials: meter.createCounter('controlzero.denials', {
      description: 'Decisions that denied a call.',
      unit: '{denial}',
    }),
    duration: meter.createHistogram('controlzero.decision.duration', {
      description: 'Time from the first look at a request to the decision about it.',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    }),
    clients: new ClientMetrics(meter),
  };
}

/** The instruments of a meter, made on first use. */
export function instrumentsOf(meter: Meter): Instruments {
  const known = made.get(meter);
  if (known) return known;
  const instruments = make(meter);
  made.set(meter, instruments);
  return instruments;
}
