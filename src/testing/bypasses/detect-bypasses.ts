import { ConfigurationError } from '../../errors.ts';
import type { Sending } from '../../judged-call.ts';
import { beginDetecting, currentSending, endDetecting, sendJudged } from '../../judged-call.ts';
import { defaultLogger } from '../../logger.ts';
import { requireBuiltin } from '../../node/builtin.ts';
import type { Bypass } from './bypass.ts';
import { describeBypass } from './bypass.ts';
import { BypassDetectedError } from './bypass-detected-error.ts';
import type { CallSite } from './call-site.ts';
import { CallSites } from './call-site.ts';
import type { BodyFacts, ObservedRequest, OutgoingRequest } from './model-requests.ts';
import { ModelRequests, NO_BODY } from './model-requests.ts';
import type { Listeners } from './watched-requests.ts';
import { requestListeners } from './watched-requests.ts';

/** Options of a detector. */
export interface DetectBypassesOptions {
  /**
   * Hosts of further providers and gateways: names, which stand for their subdomains as well, or patterns for
   * host and port. A request there counts when its path is that of a model API or its JSON names a model.
   */
  readonly hosts?: readonly (string | RegExp)[];
  /**
   * Decides about requests itself: true or false whether a model runs, undefined to leave it to the detector.
   * Asked about every POST, PUT and PATCH.
   */
  readonly isModelRequest?: (request: ObservedRequest) => boolean | undefined;
  /**
   * What happens at once: `'warn'` makes a process warning, once for each place and model; `'throw'` an
   * uncaught exception, which fails a test run and ends a process; a function is called with each. Default:
   * nothing, and `assertNone()` tells.
   */
  readonly onBypass?: 'warn' | 'throw' | ((bypass: Bypass) => void);
}

/** A running detector. */
export interface BypassDetector extends Disposable {
  /** What was found so far, in the order of sending; the first 1,000. */
  readonly bypasses: readonly Bypass[];
  /** @throws {BypassDetectedError} `ERR_CZ_BYPASS_DETECTED` when something was found; what was found is forgotten */
  assertNone(): void;
  /** Ends it. What was found stays. May be called twice. */
  stop(): void;
}

const FEATURE = 'detectBypasses()';
const MOST_KEPT = 1000;
const SEPARATORS = ['/', '.', ':'];

function checkRuntime(): void {
  const { process } = globalThis as { readonly process?: Pick<NodeJS.Process, 'versions'> };
  if (process?.versions['bun'] !== undefined || process?.versions['deno'] !== undefined)
    throw new ConfigurationError(`${FEATURE} needs Node: other runtimes do not say which requests they make.`);
}

const CHECKS: Readonly<
  Record<keyof DetectBypassesOptions, readonly [accepts: (value: unknown) => boolean, form: string]>
> = {
  hosts: [
    (hosts) => Array.isArray(hosts) && hosts.every((host) => typeof host === 'string' || host instanceof RegExp),
    'a list of names and regular expressions',
  ],
  isModelRequest: [(value) => typeof value === 'function', 'a function'],
  onBypass: [
    (value) => typeof value === 'function' || value === 'warn' || value === 'throw',
    "'warn', 'throw' or a function",
  ],
};

function checkOptions(options: DetectBypassesOptions): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${FEATURE} takes an object as options.`);
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof DetectBypassesOptions] : undefined;
    if (!check)
      throw new TypeError(`${FEATURE} has no option "${name}". Options are ${Object.keys(CHECKS).join(', ')}.`);
    const [accepts, form] = check;
    if (value !== undefined && !accepts(value)) throw new TypeError(`${FEATURE} takes ${form} as ${name}.`);
  }
}

// A provider may put its own name or a region before an id, or leave it out.
function isSameModel(judged: string, sent: string): boolean {
  const [a, b] = [judged.toLowerCase(), sent.toLowerCase()];
  return a === b || SEPARATORS.some((sign) => a.endsWith(sign + b) || b.endsWith(sign + a));
}

function wasJudged(sending: Sending | undefined, model: string | undefined): boolean {
  if (sending?.isJudged !== true) return false;
  const { models } = sending;
  return models === undefined || model === undefined || models.some((id) => isSameModel(id, model));
}

interface OpenRequest {
  readonly outgoing: OutgoingRequest;
  readonly sending: Sending | undefined;
  readonly callSite: () => CallSite;
}

class Detector implements BypassDetector {
  readonly #requests: ModelRequests;
  readonly #onBypass: DetectBypassesOptions['onBypass'];
  readonly #callSites = new CallSites();
  readonly #listeners: Listeners;
  readonly #open = new Set<OpenRequest>();
  readonly #warned = new Set<string>();
  #bypasses: Bypass[] = [];
  #isRunning = true;

  constructor({ hosts = [], isModelRequest, onBypass }: DetectBypassesOptions) {
    this.#requests = new ModelRequests({ hosts, isModelRequest });
    this.#onBypass = onBypass;
    this.#listeners = requestListeners((outgoing) => this.#begin(outgoing));
    const { subscribe } = requireBuiltin('node:diagnostics_channel', FEATURE);
    for (const [name, listener] of Object.entries(this.#listeners)) subscribe(name, listener);
    beginDetecting();
    // On Node 22 a storage follows nothing that began before its first use, and what was entered by then stays
    // behind for everybody.
    sendJudged(undefined, () => undefined);
  }

  get bypasses(): readonly Bypass[] {
    this.#concludeAll();
    return [...this.#bypasses];
  }

  assertNone(): void {
    const { bypasses } = this;
    this.#bypasses = [];
    if (bypasses.length > 0) throw new BypassDetectedError(bypasses);
  }

  stop(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#concludeAll();
    const { unsubscribe } = requireBuiltin('node:diagnostics_channel', FEATURE);
    for (const [name, listener] of Object.entries(this.#listeners)) unsubscribe(name, listener);
    endDetecting();
    this.#callSites.close();
  }

  [Symbol.dispose](): void {
    this.stop();
    this.assertNone();
  }

  #begin(outgoing: OutgoingRequest): ReturnType<Parameters<typeof requestListeners>[0]> {
    if (!this.#requests.isPlausible(outgoing)) return undefined;
    const request = { outgoing, sending: currentSending(), callSite: this.#callSites.note() };
    this.#open.add(request);
    return (body) => this.#conclude(request, body.facts());
  }

  // What has not been sent yet is judged by its path alone.
  #concludeAll(): void {
    for (const request of this.#open) this.#conclude(request, NO_BODY);
  }

  #conclude(request: OpenRequest, body: BodyFacts): void {
    if (!this.#open.delete(request)) return;
    const { outgoing, sending, callSite } = request;
    const observed = this.#requests.read(outgoing, body);
    if (!observed || wasJudged(sending, observed.model)) return;
    const judged = sending?.isJudged === true ? sending.models : undefined;
    this.#report({ ...observed, ...callSite(), ...(judged !== undefined && { judged }) });
  }

  #report(bypass: Bypass): void {
    if (this.#bypasses.length < MOST_KEPT) this.#bypasses.push(bypass);
    if (this.#onBypass === 'warn') this.#warn(describeBypass(bypass));
    else if (this.#onBypass === 'throw')
      queueMicrotask(() => {
        throw new BypassDetectedError([bypass]);
      });
    else this.#onBypass?.(bypass);
  }

  #warn(line: string): void {
    if (this.#warned.has(line)) return;
    if (this.#warned.size < MOST_KEPT) this.#warned.add(line);
    defaultLogger.warn(`A model request was not governed: ${line}`);
  }
}

/**
 * Finds the requests for models that no governed wrapper judged, for tests and development: a client that
 * somebody forgot to wrap, a helper that makes its own, a package that calls a provider itself. It names
 * the line of your code that made the call. It stops nothing and keeps no prompt.
 *
 * Seen are `fetch`, undici (all versions in the process), `node:http`, `node:https` and, where Node reports
 * them, `node:http2` requests of this thread, from when it starts. A request counts when its host is that of
 * a known provider and its path that of a model API, or when it has the shape of such a request and names a
 * model, wherever it goes. Listing models, files, images and audio do not count: no adapter governs them.
 *
 * With `using` it fails the test at its end; without, call `assertNone()` and `stop()`.
 *
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` on other runtimes than Node
 * @throws {TypeError} when an option is unknown or of the wrong kind
 *
 * @example
 * ```ts
 * import { detectBypasses, startLocalProvider } from '@controlzero/sdk/testing';
 * import OpenAI from 'openai';
 *
 * await using provider = await startLocalProvider();
 * const detector = detectBypasses();
 * const openai = new OpenAI({ apiKey: 'local', baseURL: provider.baseURL });
 * await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'Hello' });
 * detector.stop();
 * console.log(detector.bypasses.map(({ model }) => model).join()); // text-embedding-3-small
 * ```
 */
export function detectBypasses(options: DetectBypassesOptions = {}): BypassDetector {
  checkOptions(options);
  checkRuntime();
  return new Detector(options);
}
