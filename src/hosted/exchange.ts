import type { Bytes } from '../bundle/bytes.ts';
import { PolicyUnavailableError } from '../errors.ts';
import type { Clock } from '../sync/clock.ts';
import { readCapped } from './capped-body.ts';
import type { Endpoint } from './endpoint.ts';
import { httpFailure } from './http-failure.ts';
import { networkFault } from './network-fault.ts';

/** One request to the control plane. */
export interface ExchangeRequest {
  readonly method?: 'GET' | 'POST';
  /** Below the base URL, with a slash at its start. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
  /** The most bytes of an answer, after decompression. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** An answer that may be used: 200, 304 to a conditional request, or any success to a POST. */
export interface ExchangeAnswer {
  readonly status: number;
  readonly body: Bytes;
  header(name: string): string | null;
}

/** What an exchange is made of. */
export interface ExchangeOptions {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
}

const HEADERS_LIMIT_MS = 5000;
const TOTAL_LIMIT_MS = 10_000;
const ERROR_BODY_BYTES = 2048;
// The date of an answer has no fractions of a second.
const HALF_SECOND_MS = 500;

interface Limits {
  readonly signal: AbortSignal;
  headersCame(): void;
  /** Lets go of what is left of the connection. */
  abort(reason: unknown): void;
  end(): void;
}

// One controller for each request. Signals that outlive requests collect listeners, and combined ones
// live until their timers have run.
function limit({ clock }: ExchangeOptions, outer: AbortSignal): Limits {
  const controller = new AbortController();
  const late = (): void =>
    controller.abort(
      new PolicyUnavailableError({ message: 'The control plane did not answer in time.', kind: 'timeout' }),
    );
  const stop = (): void => controller.abort(outer.reason);
  const cancelHeaders = clock.after(HEADERS_LIMIT_MS, late);
  const cancelTotal = clock.after(TOTAL_LIMIT_MS, late);
  if (outer.aborted) stop();
  outer.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    headersCame: cancelHeaders,
    abort: (reason) => controller.abort(reason),
    end: () => {
      cancelHeaders();
      cancelTotal();
      outer.removeEventListener('abort', stop);
    },
  };
}

/**
 * Speaks with the control plane: one place for authentication, limits, and what counts as an answer.
 * Nothing is sent anywhere but to the endpoint: redirects are not followed.
 */
export class Exchange {
  readonly #options: ExchangeOptions;
  #clockSkewMs: number | null = null;
  #refusesNoStore = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Clock of the control plane minus our own, as of the last answer; to the second. */
  get clockSkewMs(): number | null {
    return this.#clockSkewMs;
  }

  /** @throws {PolicyUnavailableError} for every other answer, and where none comes */
  async send(request: ExchangeRequest): Promise<ExchangeAnswer> {
    const limits = limit(this.#options, request.signal);
    try {
      const asked = this.#options.clock.now();
      const response = await this.#fetch(request, limits.signal);
      limits.headersCame();
      this.#noteDate(response, asked);
      return await this.#read(response, request);
    } catch (error) {
      limits.abort(error);
      throw networkFault(limits.signal.reason);
    } finally {
      limits.end();
    }
  }

  async #fetch(request: ExchangeRequest, signal: AbortSignal): Promise<Response> {
    const { endpoint } = this.#options;
    const { method = 'GET', path, headers = {}, body } = request;
    const init: RequestInit = {
      method,
      signal,
      redirect: 'manual',
      headers: {
        ...headers,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        authorization: `Bearer ${endpoint.apiKey}`,
      },
      ...(body !== undefined && { body }),
    };
    if (this.#refusesNoStore) return fetch(`${endpoint.baseUrl}${path}`, init);
    try {
      // Frameworks that cache what `fetch` gets would serve old policies.
      return await fetch(`${endpoint.baseUrl}${path}`, { ...init, cache: 'no-store' });
    } catch (error) {
      // Some edge runtimes know no such field.
      if (!(error instanceof Error) || !/\bcache\b/iu.test(error.message)) throw error;
      this.#refusesNoStore = true;
      return fetch(`${endpoint.baseUrl}${path}`, init);
    }
  }

  async #read(response: Response, request: ExchangeRequest): Promise<ExchangeAnswer> {
    const { status } = response;
    if (isAnswer(status, request)) {
      if (/^text\/html\b/iu.test(response.headers.get('content-type') ?? '')) throw notAnAnswer();
      const body = await readCapped(response, { maxBytes: request.maxBytes });
      return { status, body, header: (name) => response.headers.get(name) };
    }
    const body = await readCapped(response, { maxBytes: ERROR_BODY_BYTES, isCut: true }).catch(() => new Uint8Array());
    const retryAfter = response.headers.get('retry-after');
    throw httpFailure({ status, retryAfter, body, now: this.#options.clock.now() });
  }

  #noteDate(response: Response, asked: number): void {
    const date = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(date))
      this.#clockSkewMs = Math.round(date + HALF_SECOND_MS - (asked + this.#options.clock.now()) / 2);
  }
}

function isAnswer(status: number, { method, headers = {} }: ExchangeRequest): boolean {
  if (method === 'POST') return status >= 200 && status < 300;
  return status === 200 || (status === 304 && 'if-none-match' in headers);
}

function notAnAnswer(): PolicyUnavailableError {
  return new PolicyUnavailableError({
    message:
      'A web page came instead of an answer of the control plane: a proxy, a login page, or a wrong CONTROLZERO_BASE_URL.',
    kind: 'invalid_data',
    httpStatus: 200,
  });
}
