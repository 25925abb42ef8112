import type { BodyFacts } from './model-requests.ts';
import { NO_BODY } from './model-requests.ts';

const LARGEST_BYTES = 32 * 1024 * 1024;
const JSON_TYPE = /^(?:text\/plain|application\/(?:[\w.+-]+\+)?json)(?:\s*;|$)/iu;

/** Whether the headers of a request allow its body to be JSON text. */
export function mayBeJson(header: (name: string) => string | undefined): boolean {
  const encoding = header('content-encoding') ?? 'identity';
  return encoding === 'identity' && JSON_TYPE.test(header('content-type') ?? 'application/json');
}

function factsOf(text: string): BodyFacts {
  try {
    const fields = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
    const model = fields?.['model'];
    return {
      model: typeof model === 'string' ? model : undefined,
      isConversation: Array.isArray(fields?.['messages']) || Array.isArray(fields?.['contents']),
    };
  } catch {
    return NO_BODY;
  }
}

/** The body of one request while it is sent. Nothing of it is kept but what it tells. */
export class RequestBody {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  readonly #encoder = new TextEncoder();

  /** Notes a part of it: bytes, or text in UTF-8. */
  note(chunk: unknown): void {
    const part = typeof chunk === 'string' ? this.#encoder.encode(chunk) : chunk;
    if (!(part instanceof Uint8Array)) return;
    this.#bytes += part.byteLength;
    if (this.#bytes > LARGEST_BYTES) this.#parts = [];
    // The sender may use its memory for something else.
    else this.#parts.push(part.slice());
  }

  /** What the body tells, when all of it was noted. */
  facts(): BodyFacts {
    if (this.#bytes === 0 || this.#bytes > LARGEST_BYTES) return NO_BODY;
    const decoder = new TextDecoder();
    const text = this.#parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode();
    this.#parts = [];
    return factsOf(text);
  }
}
