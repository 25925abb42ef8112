import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { PolicyDocument } from '../src/index.ts';
import { ControlZero } from '../src/index.ts';
import type { TestControlPlane } from '../src/testing/index.ts';
import { startTestControlPlane } from '../src/testing/index.ts';
import type { Measurement, Table } from './table.ts';

const SIZES = [1, 100, 1000];
const QUICK_SIZES = [1, 100];
const ROUNDS = 5;

/** What one way of telling everybody took, in milliseconds for each listener and round. */
type Times = readonly number[];

const allow = (model: string): PolicyDocument => ({
  rules: [{ effect: 'allow', action: 'llm.generate', resource: `model/${model}` }],
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function publishTo(clients: readonly ControlZero[], plane: TestControlPlane, model: string): Promise<Times> {
  const request = { action: 'llm.generate', resource: `model/${model}` };
  const start = performance.now();
  const all = clients.map(
    async (cz) =>
      new Promise<number>((resolve) => {
        const off = cz.onPolicy(() => {
          if (!cz.evaluate(request).allowed) return;
          off();
          resolve(performance.now() - start);
        });
      }),
  );
  await plane.publish(allow(model));
  return Promise.all(all);
}

async function timeClients(count: number): Promise<Times> {
  await using plane = await startTestControlPlane({ policy: allow('v0') });
  const cacheDir = mkdtempSync(join(tmpdir(), 'controlzero-bench-'));
  const options = { apiKey: plane.apiKey, baseUrl: plane.url, cacheDir, refreshInterval: 3600 };
  const clients = Array.from({ length: count }, () => new ControlZero(options));
  for (const cz of clients) await cz.initialize();
  await until(() => plane.openStreams === count);
  const times: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) times.push(...(await publishTo(clients, plane, `v${round}`)));
  await Promise.all(clients.map(async (cz) => cz.close()));
  rmSync(cacheDir, { recursive: true });
  return times;
}

/** The same number of open connections that receive a line, and nothing else. */
async function timeBytes(count: number): Promise<Times> {
  const open: ServerResponse[] = [];
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    open.push(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const received: ((at: number) => void)[] = [];
  const requests = Array.from({ length: count }, (_, index) =>
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.on('data', () => received[index]?.(performance.now()));
    }).on('error', () => undefined),
  );
  await until(() => open.length === count);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    const all = requests.map(
      async (_, index) => new Promise<number>((resolve) => (received[index] = (at) => resolve(at - start))),
    );
    for (const response of open) response.write('data: {}\n\n');
    times.push(...(await Promise.all(all)));
  }
  for (const request of requests) request.destroy();
  server.close();
  return times;
}

function percentile(times: Times, share: number): number {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length * share)] ?? Number.NaN;
}

async function tableFor(count: number): Promise<Table> {
  const bytes = await timeBytes(count);
  const clients = await timeClients(count);
  const rowOf = (name: string, times: Times): Table['rows'][number] => {
    const p99 = percentile(times, 0.99);
    return [name, percentile(times, 0.5), p99, p99 / percentile(bytes, 0.99)];
  };
  return {
    title: `From publishing a policy to enforcing it, clients in the process of their server: ${count}`,
    columns: ['p50, ms', 'p99, ms', '/ bytes only'],
    rows: [rowOf('a line to each open connection', bytes), rowOf('publish to decision, every client', clients)],
  };
}

/** How long until everybody decides by a new policy. */
export const propagation: Measurement = {
  name: 'propagation',
  measure: async ({ isQuick }) => {
    const tables: Table[] = [];
    for (const count of isQuick ? QUICK_SIZES : SIZES) tables.push(await tableFor(count));
    return tables;
  },
};
