import { sharedStorage } from './shared-storage.ts';

/** A call on its way to a provider, as a detector of bypasses sees it. */
export interface Sending {
  /** Whether a gate has let it pass. */
  isJudged: boolean;
  /** The ids that were judged; undefined when it was not by name. */
  models: readonly string[] | undefined;
}

const sendings = sharedStorage<Sending>('sending', 'detectBypasses()');

// How many detectors run, whichever copy of the package started them.
const DETECTORS: unique symbol = Symbol.for('controlzero.detectors') as never;

interface DetectorHolder {
  [DETECTORS]?: number;
}

const holder = globalThis as DetectorHolder;

/** Notes that one more detector runs. */
export function beginDetecting(): void {
  holder[DETECTORS] = (holder[DETECTORS] ?? 0) + 1;
}

/** Notes that one detector less runs. */
export function endDetecting(): void {
  const left = (holder[DETECTORS] ?? 0) - 1;
  if (left > 0) holder[DETECTORS] = left;
  else Reflect.deleteProperty(holder, DETECTORS);
}

/** What the running code sends by right, if anything. */
export function currentSending(): Sending | undefined {
  return sendings.current();
}

/**
 * Sends a call that a gate has let pass. `detectBypasses()` of `./testing` then knows that its requests were
 * judged; while no detector runs, this calls the function and does nothing else. For adapters: run the
 * sending in it and nothing more, since everything inside counts as judged.
 *
 * @param models the ids that were judged, or undefined where the request names none that could be compared
 * @returns what the function returns
 *
 * @example
 * ```ts
 * import { sendJudged } from '@controlzero/sdk';
 *
 * const answer = await sendJudged(['gpt-4'], async () => 'what the provider says');
 * console.log(answer); // what the provider says
 * ```
 */
export function sendJudged<Result>(models: readonly string[] | undefined, send: () => Result): Result {
  return holder[DETECTORS] === undefined ? send() : sendings.run({ isJudged: true, models }, send);
}

// Each step of a generator runs where it is asked for, so each is put into the context.
async function* stepByStep<Part, End>(
  stream: AsyncGenerator<Part, End>,
  sending: Sending,
): AsyncGenerator<Part, End, undefined> {
  try {
    for (;;) {
      const step = await sendings.run(sending, async () => stream.next());
      if (step.done === true) return step.value;
      yield step.value;
    }
  } finally {
    await stream.return(undefined as never);
  }
}

/**
 * The same as `sendJudged` for an answer that comes in parts, and is asked for when its first part is.
 *
 * @example
 * ```ts
 * import { sendJudgedStream } from '@controlzero/sdk';
 *
 * async function* ask(): AsyncGenerator<string> {
 *   yield 'what the provider says';
 * }
 * for await (const part of sendJudgedStream(['gpt-4'], ask)) console.log(part);
 * ```
 */
export function sendJudgedStream<Part, End>(
  models: readonly string[] | undefined,
  open: () => AsyncGenerator<Part, End>,
): AsyncGenerator<Part, End, undefined> {
  const stream = open();
  return holder[DETECTORS] === undefined ? stream : stepByStep(stream, { isJudged: true, models });
}

/** Says that what is about to be sent was judged, and by which ids. */
export type NoteJudged = (models: readonly string[] | undefined) => void;

/**
 * For adapters whose framework sends by itself once a hook of theirs has returned. Called before the first
 * `await` of the hook, it makes the function that awaits the hook the one that sends; the hook then calls
 * what this gives back when the call has passed. Undefined while no detector runs.
 *
 * @example
 * ```ts
 * import { beginSending } from '@controlzero/sdk';
 *
 * export async function beforeRequest(judge: () => Promise<string>): Promise<void> {
 *   const noteJudged = beginSending();
 *   const model = await judge();
 *   noteJudged?.([model]);
 * }
 * ```
 */
export function beginSending(): NoteJudged | undefined {
  if (holder[DETECTORS] === undefined) return undefined;
  const sending: Sending = { isJudged: false, models: undefined };
  sendings.enter(sending);
  return (models) => {
    sending.isJudged = true;
    sending.models = models;
  };
}
