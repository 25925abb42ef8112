import { appendFileSync, existsSync } from 'node:fs';

import type { AuditStatus, RecordSink } from '../../src/index.ts';
import { ControlZero, modelRequest } from '../../src/index.ts';
import { AuditSink } from '../../src/hosted/audit-sink.ts';
import { readEndpoint } from '../../src/hosted/endpoint.ts';
import { Exchange } from '../../src/hosted/exchange.ts';
import { inlineSource } from '../../src/sources/inline.ts';
import { systemClock } from '../../src/sync/clock.ts';
import { createScaledClock } from './scaled-clock.ts';
import { silentLogger } from './silent-logger.ts';

// Makes many decisions in a process of its own while a collector misbehaves, and looks at every step
// whether the counts add up and how much memory there is.
export interface RecordingResult {
  readonly decisions: number;
  readonly samples: number;
  /** Samples in which emitted was not delivered + dropped + queued, or not the number of decisions. */
  readonly wrong: number;
  readonly mostQueued: number;
  readonly status: AuditStatus;
  /** Growth since the first twentieth of the decisions, in MB: of the heap in use, and of the whole process. */
  readonly heapMB: number;
  readonly rssMB: number;
}

// With the name of a file, decisions go on until it is there.
const [url = '', countText = '0', deliveredFile = '', drain = '', stopFile = ''] = process.argv.slice(2);
const COUNT = Number(countText);
const CHUNK = 500;
const MB = 1024 * 1024;
// Pauses after failures would be longer than all of the run.
const FASTER = 20;

const exchange = new Exchange({ endpoint: readEndpoint(url, 'cz_test_key'), clock: systemClock });
const audit = new AuditSink({ exchange, projectId: async () => 'p' });
const sink: RecordSink = {
  name: audit.name,
  flushAt: audit.flushAt,
  flushIntervalMs: audit.flushIntervalMs,
  write: async (records, options) => {
    const result = await audit.write(records, options);
    appendFileSync(deliveredFile, records.map(({ id }) => `${id}\n`).join(''));
    return result;
  },
};
const policy = { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/*' }] } as const;
const source = { ...inlineSource(policy), openRecords: async () => sink };
const cz = new ControlZero({ source, agentId: 'support', logger: silentLogger }, createScaledClock(FASTER));
await cz.initialize();

let [samples, wrong, mostQueued] = [0, 0, 0];
let base: NodeJS.MemoryUsage | undefined;
const most = { heap: 0, rss: 0 };

function sample(decisions: number): void {
  const { emitted = 0, delivered = 0, dropped = 0, queued = 0 } = cz.status().audit ?? {};
  samples += 1;
  if (emitted !== decisions || emitted !== delivered + dropped + queued) wrong += 1;
  mostQueued = Math.max(mostQueued, queued);
}

function weigh(): void {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  base ??= process.memoryUsage();
  most.heap = Math.max(most.heap, heapUsed - base.heapUsed);
  most.rss = Math.max(most.rss, rss - base.rss);
}

const goesOn = (decisions: number): boolean => decisions < COUNT || (stopFile !== '' && !existsSync(stopFile));
let made = 0;
while (goesOn(made)) {
  for (let index = 0; index < CHUNK; index += 1, made += 1)
    cz.evaluate(modelRequest({ action: 'llm.generate', model: `model-${made % 100}` }));
  sample(made);
  if (made % Math.max(COUNT / 20, CHUNK) === 0) weigh();
  await new Promise((resolve) => setTimeout(resolve, made < COUNT ? 1 : 10));
}
while (drain === 'drain' && cz.status().audit?.queued !== 0) {
  await cz.flush();
  await new Promise((resolve) => setTimeout(resolve, 10));
  sample(made);
}
await cz.close();
sample(made);
weigh();
const result: RecordingResult = {
  decisions: made,
  samples,
  wrong,
  mostQueued,
  status: cz.status().audit as AuditStatus,
  heapMB: Math.round((most.heap / MB) * 10) / 10,
  rssMB: Math.round((most.rss / MB) * 10) / 10,
};
process.stdout.write(JSON.stringify(result));
