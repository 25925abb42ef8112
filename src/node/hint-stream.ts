import type { ClientRequest, IncomingMessage } from 'node:http';

import { createParser } from 'eventsource-parser';

import type { Endpoint } from '../hosted/endpoint.ts';
import type { Hint } from '../hosted/hint.ts';
import { readHint } from '../hosted/hint.ts';
import { ROUTES } from '../hosted/protocol.ts';
import type { Clock } from '../sync/clock.ts';
import { requireBuiltin } from './builtin.ts';

/** What a stream of hints is made of. */
export interface HintStreamOptions {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly onHint: (hint: Hint) => void;
}

const CONNECT_LIMIT_MS = 10_000;
const SILENCE_LIMIT_MS = 45_000;
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;
const PAUSE_MS = 300_000;
const FAILURE_WINDOW_MS = 60_000;
const MOST_FAILURES = 5;
const MOST_BUFFERED = 64 * 1024;

/**
 * One stream of server-sent hints, opened anew when it breaks. It uses Node's own client, because only
 * that can leave a socket open without keeping the process up. Polling goes on beside it, so whatever
 * befalls a stream costs time and nothing else.
 */
export class HintStream {
  readonly #options: HintStreamOptions;
  #request: ClientRequest | undefined;
  #cancelTimer: () => void = () => undefined;
  #failures: readonly number[] = [];
  #openedAt: number | undefined;
  #isUnwanted = false;
  #isClosed = false;

  constructor(options: HintStreamOptions) {
    this.#options = options;
    this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#request?.destroy();
  }

  #connect(): void {
    const { endpoint } = this.#options;
    const url = `${endpoint.baseUrl}${ROUTES.stream}`;
    const { request } = requireBuiltin(url.startsWith('https:') ? 'node:https' : 'node:http', 'hints');
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${endpoint.apiKey}` };
    this.#openedAt = undefined;
    this.#limit(CONNECT_LIMIT_MS);
    const opened = request(url, { headers, agent: false });
    this.#request = opened;
    opened.on('socket', (socket) => socket.unref());
    opened.on('response', (response) => this.#listen(response));
    // An error is always followed by this.
    opened.on('close', () => this.#broken(opened));
    opened.on('error', () => undefined);
    opened.end();
  }

  #listen(response: IncomingMessage): void {
    const { statusCode = 0, headers } = response;
    response.on('error', () => undefined);
    if (statusCode !== 200 || headers['content-type']?.startsWith('text/event-stream') !== true) {
      this.#isUnwanted = statusCode < 500;
      this.#request?.destroy();
      return;
    }
    const { clock, onHint } = this.#options;
    this.#openedAt = clock.elapsed();
    const parser = createParser({
      maxBufferSize: MOST_BUFFERED,
      onEvent: ({ event, data }) => {
        const hint = readHint(event, data);
        if (hint) onHint(hint);
      },
      onError: ({ type }) => {
        if (type === 'max-buffer-size-exceeded') this.#request?.destroy();
      },
    });
    this.#limit(SILENCE_LIMIT_MS);
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.#limit(SILENCE_LIMIT_MS);
      parser.feed(text);
    });
  }

  #limit(ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(ms, () => this.#request?.destroy());
  }

  #broken(request: ClientRequest): void {
    if (this.#isClosed || request !== this.#request) return;
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(this.#delayMs(), () => this.#connect());
  }

  #delayMs(): number {
    const { clock } = this.#options;
    const now = clock.elapsed();
    const wasHealthy = this.#openedAt !== undefined && now - this.#openedAt >= FAILURE_WINDOW_MS;
    const recent = wasHealthy ? [] : this.#failures.filter((at) => now - at < FAILURE_WINDOW_MS);
    this.#failures = [...recent, now];
    const spread = 0.5 + clock.random() / 2;
    if (this.#isUnwanted || this.#failures.length >= MOST_FAILURES) {
      this.#isUnwanted = false;
      this.#failures = [];
      return PAUSE_MS * spread;
    }
    return Math.min(FIRST_DELAY_MS * 2 ** (this.#failures.length - 1), LONGEST_DELAY_MS) * spread;
  }
}
