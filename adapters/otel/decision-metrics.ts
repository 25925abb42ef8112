import type { Attributes, MeterProvider } from '@opentelemetry/api';
import { createNoopMeter, metrics } from '@opentelemetry/api';

import type { ControlZero, DecisionEvent } from '../../src/index.ts';
import { VERSION } from '../../src/index.ts';
import { SUBJECTS, subjectOf } from './decision-attributes.ts';
import { SCOPE } from './decision-traces.ts';
import type { InstrumentControlZeroOptions } from './instrumentation-options.ts';
import type { Instruments } from './instruments.ts';
import { instrumentsOf } from './instruments.ts';
import { KnownValues } from './known-values.ts';

const LIMIT = 100;
const MS_PER_SECOND = 1000;

/** Keeps the metrics of one client. */
export class DecisionMetrics {
  readonly #cz: ControlZero;
  readonly #given: MeterProvider | undefined;
  readonly #actions = new KnownValues(LIMIT);
  readonly #agents: KnownValues;
  /** By the attribute that names them: models and tools. */
  readonly #subjects: ReadonlyMap<string, KnownValues>;
  #provider: MeterProvider | undefined;
  #instruments: Instruments | undefined;

  constructor(cz: ControlZero, options: InstrumentControlZeroOptions) {
    const { meterProvider, agentLimit = LIMIT, modelLimit = LIMIT } = options;
    this.#cz = cz;
    this.#given = meterProvider;
    this.#agents = new KnownValues(agentLimit);
    this.#subjects = new Map(SUBJECTS.map(([, attribute]) => [attribute, new KnownValues(modelLimit)]));
    this.#current();
  }

  add(event: DecisionEvent): void {
    const instruments = this.#current();
    if (!instruments) return;
    const { decisions, denials, duration } = instruments;
    const { decision, latencyMs, fallback } = event;
    const attributes = this.#attributesOf(event);
    const all = {
      ...attributes,
      'controlzero.decision.effect': decision.effect,
      'controlzero.decision.fallback': fallback !== undefined,
    };
    decisions.add(1, all);
    duration.record(latencyMs / MS_PER_SECOND, all);
    if (!decision.allowed) denials.add(1, this.#withWhoAndWhat(event, attributes));
  }

  stop(): void {
    this.#instruments?.clients.remove(this.#cz);
  }

  // Instruments of the global provider stay without effect when they were made before it was registered,
  // so the provider is looked at each time. Without an SDK there are none.
  #current(): Instruments | undefined {
    const provider = this.#given ?? metrics.getMeterProvider();
    if (provider === this.#provider) return this.#instruments;
    this.stop();
    const meter = provider.getMeter(SCOPE, VERSION);
    this.#provider = provider;
    this.#instruments = meter === createNoopMeter() ? undefined : instrumentsOf(meter);
    this.#instruments?.clients.add(this.#cz);
    return this.#instruments;
  }

  #attributesOf({ action, adapter, decision, enforced }: DecisionEvent): Attributes {
    const attributes: Attributes = {
      'controlzero.action': this.#actions.of(action),
      'controlzero.decision.reason_code': decision.reasonCode,
      'controlzero.decision.enforced': enforced,
    };
    if (adapter !== undefined) attributes['controlzero.adapter'] = adapter;
    return attributes;
  }

  #withWhoAndWhat({ resource, agentId }: DecisionEvent, attributes: Attributes): Attributes {
    const [attribute = '', name = ''] = subjectOf(resource) ?? [];
    const subject = this.#subjects.get(attribute)?.of(name);
    const agent = agentId === undefined ? undefined : this.#agents.of(agentId);
    return {
      ...attributes,
      ...(subject !== undefined && { [attribute]: subject }),
      ...(agent !== undefined && { 'gen_ai.agent.id': agent }),
    };
  }
}
