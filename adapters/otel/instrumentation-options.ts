import type { MeterProvider, TracerProvider } from '@opentelemetry/api';

/** Which decisions get a span of their own, instead of an event on the active span. */
export type DecisionSpans = 'denials' | 'all';

/** What is told to OpenTelemetry, and where. */
export interface InstrumentControlZeroOptions {
  /** Default: the global one, also when it is registered later. */
  readonly tracerProvider?: TracerProvider;
  /** Default: the global one, also when it is registered later. */
  readonly meterProvider?: MeterProvider;
  /** Whether decisions go into traces. Default: true. */
  readonly traces?: boolean;
  /** Whether metrics are kept. Default: true. */
  readonly metrics?: boolean;
  /**
   * Which decisions get a span of their own. Default: none, save a denial while no span is recording,
   * because it would be in no trace at all.
   */
  readonly spans?: DecisionSpans;
  /**
   * How many agents are told apart in metrics. Further ones count as `_OTHER`; with 0 no metric has the
   * agent. Traces always have it. Default: 100.
   */
  readonly agentLimit?: number;
  /** The same for models, and for tools. Default: 100. */
  readonly modelLimit?: number;
}

const OWNER = 'instrumentControlZero()';

const isFlag = (value: unknown): boolean => typeof value === 'boolean';
const isLimit = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const hasMethod = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';

interface OptionKind {
  readonly accepted: string;
  readonly accepts: (value: unknown) => boolean;
}

const FLAG: OptionKind = { accepted: 'true or false', accepts: isFlag };
const LIMIT: OptionKind = { accepted: 'a whole number from 0 on', accepts: isLimit };

const OPTIONS: Readonly<Record<keyof InstrumentControlZeroOptions, OptionKind>> = {
  tracerProvider: { accepted: 'an object with getTracer()', accepts: (value) => hasMethod(value, 'getTracer') },
  meterProvider: { accepted: 'an object with getMeter()', accepts: (value) => hasMethod(value, 'getMeter') },
  traces: FLAG,
  metrics: FLAG,
  spans: { accepted: "'denials' or 'all'", accepts: (value) => value === 'denials' || value === 'all' },
  agentLimit: LIMIT,
  modelLimit: LIMIT,
};

/** @throws {TypeError} when something would be told otherwise than its user means */
export function checkInstrumentation(cz: unknown, options: unknown): void {
  if (!hasMethod(cz, 'onDecision')) throw new TypeError(`${OWNER} takes a ControlZero: await init() gives one.`);
  if (typeof options !== 'object' || options === null) throw new TypeError(`${OWNER} takes an object as options.`);
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(OPTIONS, name) ? OPTIONS[name as keyof InstrumentControlZeroOptions] : undefined;
    if (!kind) throw new TypeError(`${OWNER} has no option "${name}". Options are ${Object.keys(OPTIONS).join(', ')}.`);
    if (value !== undefined && !kind.accepts(value)) throw new TypeError(`${OWNER} takes ${kind.accepted} as ${name}.`);
  }
}
