import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';

import { afterEach, describe, expect, test } from 'vitest';

import type { Hint } from '../../src/hosted/hint.ts';
import { readHint } from '../../src/hosted/hint.ts';
import { HintStream } from '../../src/node/hint-stream.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

interface Streaming {
  readonly clock: FakeClock;
  readonly stream: HintStream;
  readonly hints: Hint[];
  /** Moves the clock on and waits for what that does on the wire. */
  pass(ms: number): Promise<void>;
}

let server: Server | undefined;
let opened: ServerResponse[] = [];
const keys: unknown[] = [];

/** Waits until something holds; sockets take their time. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function start(answer: (response: ServerResponse) => void): Promise<Streaming> {
  opened = [];
  server = createServer(({ headers }, response) => {
    keys.push(headers.authorization);
    opened.push(response);
    answer(response);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  const clock = createFakeClock(() => 0.5);
  const hints: Hint[] = [];
  const endpoint = { baseUrl: `http://127.0.0.1:${port}`, apiKey: 'cz_test_key' };
  const stream = new HintStream({ endpoint, clock, onHint: (hint) => hints.push(hint) });
  await until(() => opened.length === 1);
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { clock, stream, hints, pass };
}

const open = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
};

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

describe('a stream of hints', () => {
  test('brings what is new, whatever the pieces it comes in', async () => {
    const { stream, hints } = await start(open);
    const text =
      'event: policy\ndata: {"epoch":1,"version":7,"spread_ms":10}\n\ndata: {"version":8}\n\nevent: secrets\ndata: {"version":2}\n\n';
    for (const character of text) opened[0]?.write(character);
    await until(() => hints.length === 3);
    expect(hints).toEqual([
      { event: 'policy', epoch: 1, version: 7, spreadMs: 10 },
      { event: 'policy', epoch: 0, version: 8, spreadMs: 2000 },
      { event: 'secrets', epoch: 0, version: 2, spreadMs: 2000 },
    ]);
    expect(keys.at(-1)).toBe('Bearer cz_test_key');
    stream.close();
  });

  test('opens anew after it broke, later each time, and pauses after five failures in a minute', async () => {
    const { stream, pass } = await start((response) => response.destroy());
    const counts: number[] = [];
    for (const delay of [750, 1500, 3000, 6000]) {
      await pass(delay);
      counts.push(opened.length);
    }
    expect(counts).toEqual([2, 3, 4, 5]);
    await pass(3 * MINUTE);
    expect(opened).toHaveLength(5);
    await pass(45.2 * SECOND);
    expect(opened).toHaveLength(6);
    stream.close();
  });

  test.each([401, 403, 404, 405])('is not asked for again for minutes where the answer is %i', async (status) => {
    const { stream, pass } = await start((response) => response.writeHead(status).end());
    await pass(3.7 * MINUTE);
    expect(opened).toHaveLength(1);
    await pass(0.1 * MINUTE);
    expect(opened).toHaveLength(2);
    stream.close();
  });

  test('follows no redirect, and takes no other content type', async () => {
    const redirecting = await start((response) => response.writeHead(302, { location: '/elsewhere' }).end());
    await redirecting.pass(MINUTE);
    expect(opened).toHaveLength(1);
    redirecting.stream.close();
    server?.close();
    const page = await start((response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'));
    await page.pass(MINUTE);
    expect(opened).toHaveLength(1);
    page.stream.close();
  });

  test('opens anew when it was silent for 45 seconds, and not while there are heartbeats', async () => {
    const { stream, pass } = await start(open);
    for (let beat = 0; beat < 4; beat += 1) {
      await pass(30 * SECOND);
      opened[0]?.write(': heartbeat\n\n');
      await pass(1);
    }
    expect(opened).toHaveLength(1);
    await pass(46 * SECOND);
    await pass(SECOND);
    expect(opened).toHaveLength(2);
    stream.close();
  });

  test('gives up on a connection that is not answered in 10 seconds', async () => {
    const { stream, pass } = await start(() => undefined);
    await pass(10 * SECOND);
    await pass(SECOND);
    expect(opened).toHaveLength(2);
    stream.close();
  });

  test('does not collect what never becomes an event', async () => {
    const { stream, pass } = await start((response) => {
      open(response);
      response.write(`data: ${'x'.repeat(200_000)}`);
    });
    await pass(1);
    await pass(SECOND);
    expect(opened.length).toBeGreaterThanOrEqual(2);
    stream.close();
  });

  test('ends with its client: no connection, no timer', async () => {
    const { clock, stream, pass } = await start(open);
    stream.close();
    await until(() => opened[0]?.destroyed === true);
    await pass(10 * MINUTE);
    expect(opened).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });
});

test.each([
  '',
  'text',
  '{}',
  '{"version":-1}',
  '{"version":1.5}',
  '{"version":"1"}',
  '{"version":1,"spread_ms":-1}',
  'null',
  '[]',
])('%j is no hint', (data) => {
  expect(readHint('policy', data)).toBeUndefined();
});
