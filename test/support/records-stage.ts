import { DecisionLog } from '../../src/records/decision-log.ts';
import type { RecordSink, WriteRecords } from '../../src/records/record-sink.ts';
import type { DecisionEvent, DecisionRecord, SinkStatus } from '../../src/index.ts';
import { createDecision } from '../../src/policy/decision.ts';
import type { FakeClock } from './fake-clock.ts';
import { createFakeClock } from './fake-clock.ts';
import type { MemoryLogger } from './memory-logger.ts';
import { memoryLogger } from './memory-logger.ts';

const ALLOWED = createDecision({ effect: 'allow', reasonCode: 'RULE_MATCH', reason: 'a rule', rule: 0, revision: 'r' });

/** A decision event with a number for an id. */
export function eventOf(id: number, more: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    type: 'decision-made',
    id: String(id),
    at: 1_800_000_000_000,
    action: 'llm.generate',
    resource: 'model/gpt-4',
    decision: ALLOWED,
    latencyMs: 0.1,
    mode: 'enforce',
    enforced: true,
    ...more,
  };
}

/** A log with one sink, on a clock that a test moves. */
export interface RecordsStage {
  readonly clock: FakeClock;
  readonly log: DecisionLog;
  readonly logger: MemoryLogger;
  /** Every batch that reached the sink, whatever became of it, as ids. */
  readonly batches: string[][];
  /** The sink; throws when its counts do not add up. */
  sink(): SinkStatus;
  add(count: number): void;
}

/** What the sink of a stage does with a batch. */
export type Answer = (records: readonly DecisionRecord[], signal: AbortSignal) => ReturnType<WriteRecords>;

/** Sets a log up. */
export function recordsStage(answer: Answer = () => undefined, more: Partial<RecordSink> = {}): RecordsStage {
  const clock = createFakeClock();
  const logger = memoryLogger();
  const batches: string[][] = [];
  const write: WriteRecords = (records, { signal }) => {
    batches.push(records.map(({ id }) => id));
    return answer(records, signal);
  };
  const log = new DecisionLog({ sinks: [{ name: 'test', write, ...more }], expectsSink: false, clock, logger });
  let next = 0;
  return {
    clock,
    log,
    logger,
    batches,
    sink: () => {
      const [status] = log.status.sinks;
      if (!status) throw new Error('There is one sink.');
      const { emitted, delivered, dropped, queued } = status;
      if (emitted !== delivered + dropped + queued) throw new Error(`The counts are wrong: ${JSON.stringify(status)}`);
      return status;
    },
    add: (count) => {
      for (let index = 0; index < count; index += 1) log.add(eventOf((next += 1)), undefined);
    },
  };
}

/** An error with a status, as a sink throws it. */
export function statusError(status: number, more: object = {}): Error {
  return Object.assign(new Error(`answered ${status}`), { status, ...more });
}
