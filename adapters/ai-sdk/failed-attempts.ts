import type { Context, Decision } from '../../src/index.ts';
import { currentIdentity } from '../../src/index.ts';

/** One attempt of a call. */
export interface Attempt {
  readonly modelId: unknown;
  readonly claimed: Context | undefined;
  readonly params: object;
}

interface Failure {
  readonly decision: Decision;
  readonly outline: string;
  readonly until: number;
  /** How many equal attempts have failed and were not made again. */
  count: number;
}

// The framework waits for a minute at most before it tries again.
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 1000;
const FILE_BYTES = 64;
// Messages of a prompt, their parts, and the texts of those.
const DEEPEST = 5;

function isRetryable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'isRetryable') === true;
}

function lengthOf(part: unknown, depth = 0): number {
  if (typeof part === 'string') return part.length;
  if (typeof part !== 'object' || part === null || depth === DEEPEST) return 0;
  if (Array.isArray(part)) return part.reduce<number>((sum, one: unknown) => sum + 1 + lengthOf(one, depth + 1), 0);
  const { content, text } = part as { readonly content?: unknown; readonly text?: unknown };
  return lengthOf(content, depth + 1) + lengthOf(text, depth + 1);
}

// Equal calls have equal outlines, and others hardly ever have; nothing is written down for it.
function outlineOf({ modelId, params }: Attempt): string {
  const { prompt, values } = params as { readonly prompt?: unknown; readonly values?: unknown };
  return `${typeof modelId === 'string' ? modelId : ''} ${lengthOf(prompt)} ${lengthOf(values)}`;
}

// Of files, their beginning tells enough. A Buffer would write itself down before it could be told from a list.
function shortened(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const given = this[key];
  if (!ArrayBuffer.isView(given)) return value;
  const { buffer, byteOffset, byteLength } = given;
  return [byteLength, ...new Uint8Array(buffer, byteOffset, Math.min(byteLength, FILE_BYTES))];
}

async function digestOf({ modelId, claimed, params }: Attempt): Promise<string | undefined> {
  const { abortSignal: _, ...asked } = params as { readonly abortSignal?: unknown };
  try {
    const text = JSON.stringify([modelId, claimed, currentIdentity(), asked], shortened);
    const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
    return String(new Uint8Array(bytes));
  } catch {
    // What cannot be written down is never taken for a repetition.
    return undefined;
  }
}

/**
 * Attempts that the framework is going to make again. It tells a model nowhere which attempt a call is, and
 * `streamText` of version 7 even makes every part of a call anew. So a call counts as a repetition when an
 * equal one has failed, less than a minute ago, in a way that is worth another attempt. Kept is a digest,
 * no prompt.
 */
export class FailedAttempts {
  readonly #failures = new Map<string, Failure>();
  // How many of them have an outline. A digest costs as much as a call, so that one failure must not ask it of all.
  readonly #outlines = new Map<string, number>();

  /** Whether it is worth a digest to find out if an attempt repeats another one. */
  mayRepeat(attempt: Attempt): boolean {
    if (this.#failures.size === 0) return false;
    this.#forgetOldest();
    return this.#outlines.has(outlineOf(attempt));
  }

  /** Remembers an attempt, if its error is one after which the framework tries again. */
  async note(attempt: Attempt, decision: Decision, error: unknown): Promise<void> {
    if (!isRetryable(error)) return;
    const key = await digestOf(attempt);
    if (key === undefined) return;
    const known = this.#forget(key);
    const outline = outlineOf(attempt);
    const count = (known?.count ?? 0) + 1;
    this.#failures.set(key, { decision, outline, count, until: Date.now() + REMEMBERED_MS });
    this.#outlines.set(outline, (this.#outlines.get(outline) ?? 0) + 1);
    this.#forgetOldest();
  }

  /** The decision about the attempt before this one, which is forgotten. */
  async take(attempt: Attempt): Promise<Decision | undefined> {
    if (!this.mayRepeat(attempt)) return undefined;
    const key = await digestOf(attempt);
    const failure = key === undefined ? undefined : this.#failures.get(key);
    if (key === undefined || failure === undefined) return undefined;
    failure.count -= 1;
    if (failure.count === 0) this.#forget(key);
    return failure.decision;
  }

  #forget(key: string): Failure | undefined {
    const failure = this.#failures.get(key);
    if (!failure) return undefined;
    this.#failures.delete(key);
    const alike = (this.#outlines.get(failure.outline) ?? 0) - 1;
    if (alike > 0) this.#outlines.set(failure.outline, alike);
    else this.#outlines.delete(failure.outline);
    return failure;
  }

  // In order of time, so that what is too old comes first.
  #forgetOldest(): void {
    const now = Date.now();
    for (const [key, { until }] of this.#failures) {
      if (until > now && this.#failures.size <= MOST_REMEMBERED) return;
      this.#forget(key);
    }
  }
}
