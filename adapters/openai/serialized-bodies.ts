import { isProxy } from './is-proxy.ts';
import type { JsonField } from './json-fields.ts';
import { isModelKey } from './read-models.ts';
import { Waiting } from './waiting.ts';

/** What the client serializes a body from. */
export interface BodyOptions {
  readonly body?: unknown;
  readonly headers?: unknown;
}

/** A body as the client encodes it. */
export interface EncodedBody {
  readonly body?: unknown;
}

/** The method by which a client serializes bodies. */
export type BuildBody = (parameters: { readonly options: BodyOptions }) => EncodedBody;

interface Serialized {
  readonly text: string;
  readonly field: JsonField;
}

// Whether code may stand behind it that runs before its keys are listed: in a toJSON(), in a Proxy, which may also be
// its prototype, or in the getter "next" of what is iterable.
function isPlain(body: unknown): body is object {
  if (typeof body !== 'object' || body === null || isProxy(body)) return false;
  const prototype: unknown = Object.getPrototypeOf(body);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return !('toJSON' in body) && !(Symbol.iterator in body);
}

// Whether the fields of its text can only be the fields it has, and only "model" of them chooses a model.
function namesOneModel(body: unknown): body is object {
  return isPlain(body) && Object.keys(body).every((key) => key === 'model' || !isModelKey(key));
}

const FIRST = '{"model":';
// The model between the beginning or the end of the text and fields that are no objects and no lists.
const NEAR_THE_BEGINNING = /^\{(?:"[^"\\]*":(?:"[^"\\]*"|[\w.+-]+),)*"model":(?=")/u;
const NEAR_THE_END = /,"model":(?="[^"\\]*"(?:,"[^"\\]*":(?:"[^"\\]*"|[\w.+-]+))*\}$)/u;
const LONGEST_SEARCHED = 512;

// Where the model begins in a text that was serialized from an object with this one model.
function startOfModel(text: string): number | undefined {
  // Where it nearly always stands.
  if (text.startsWith(FIRST)) return FIRST.length;
  const first = NEAR_THE_BEGINNING.exec(text.slice(0, LONGEST_SEARCHED));
  if (first) return first[0].length;
  const rest = Math.max(0, text.length - LONGEST_SEARCHED);
  const last = NEAR_THE_END.exec(text.slice(rest));
  return last ? rest + last.index + last[0].length : undefined;
}

function modelFieldIn(text: string): JsonField | undefined {
  const start = startOfModel(text);
  if (start === undefined || text[start] !== '"') return undefined;
  const end = text.indexOf('"', start + 1) + 1;
  const value = text.slice(start + 1, end - 1);
  // What is escaped has to be parsed.
  return value.includes('\\') ? undefined : { key: 'model', value, start, end };
}

/**
 * Remembers the texts that a client was seen to serialize from objects. Of such a text it is known that it is
 * JSON, that no field stands there twice, and which fields there are: it need not be parsed again to find the
 * model. This is true of the text, whoever sends it and however.
 *
 * Trusted is one function, the `buildBody` of the class that the client's package brings: it hands an object to
 * `JSON.stringify()`.
 */
export class SerializedBodies {
  readonly #known = new Waiting<Serialized>();

  /** Serializes a body as the class does, and remembers what came out. */
  build(buildBody: BuildBody, client: unknown, given: BodyOptions): EncodedBody {
    // A copy reads the same for us and for the class.
    const options = { ...given };
    const { body, headers } = options;
    // Headers of a call are read before the body is serialized: code that stands behind them could change it.
    const isClear = (headers === undefined || headers === null) && namesOneModel(body);
    const encoded = buildBody.call(client, { options });
    const text = encoded.body;
    if (!isClear || typeof text !== 'string') return encoded;
    const field = modelFieldIn(text);
    if (field) this.#known.put(body, { text, field });
    return encoded;
  }

  /** The one field by which a text chooses a model, when it is what was serialized from an object; else undefined. */
  fieldOf(body: unknown, text: unknown): JsonField | undefined {
    const known = typeof body === 'object' && body !== null ? this.#known.take(body) : undefined;
    return known?.text === text ? known?.field : undefined;
  }
}
