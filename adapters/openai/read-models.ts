import type { NamedModels, UndeterminedModel } from '../../src/index.ts';
import type { ModelCall } from './classify-call.ts';
import type { JsonField } from './json-fields.ts';
import { readJsonFields } from './json-fields.ts';

type FieldName = 'model' | 'models' | 'fallbacks' | 'extra_body';
type FieldsByName = Partial<Record<FieldName, JsonField>>;

/** A body, and the fields of it that choose a model. */
export interface ModelsInBody {
  readonly text: string;
  readonly found: FieldsByName;
}

/** The model that a request names, every further one it may be routed to, and how to name another one. */
export interface ModelsInRequest extends NamedModels {
  /** Where gateways also look, or what they pick when the first model is not to be had. */
  readonly others: readonly string[];
  /** Where the body names the model; undefined when the path does. */
  readonly inBody?: ModelsInBody;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text of a body, decoded where it is bytes; undefined when it cannot be looked into. */
export function bodyText(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  if (!(body instanceof ArrayBuffer || ArrayBuffer.isView(body))) return undefined;
  try {
    return decoder.decode(body as ArrayBuffer);
  } catch {
    return undefined;
  }
}

const JSON_TEXT = 'application/json';
const JSON_TYPE = /^(?:text\/plain|application\/(?:[\w.+-]+\+)?json)(?:\s*;\s*charset="?utf-?8"?)?\s*;?$/iu;
const PLAIN_ENCODING = /^(?:identity)?$/iu;

/**
 * Whether a server that goes by these headers reads the text that was judged. A form, another character
 * set or a compression can make another model of the same bytes.
 */
export function isPlainJson(headers: Headers): boolean {
  const type = headers.get('content-type') ?? JSON_TEXT;
  return (type === JSON_TEXT || JSON_TYPE.test(type)) && PLAIN_ENCODING.test(headers.get('content-encoding') ?? '');
}

// Fields by which a server or a gateway chooses a model; LiteLLM merges `extra_body` into the body.
const FIELDS: readonly FieldName[] = ['model', 'models', 'fallbacks', 'extra_body'];

const BY_UPPER_CASE: ReadonlyMap<string, FieldName> = new Map(FIELDS.map((name) => [name.toUpperCase(), name]));
const LENGTHS: ReadonlySet<number> = new Set(FIELDS.map(({ length }) => length));

// Some servers match keys without regard to case. By way of the upper case, the long s is an s as well.
function fieldNamed(key: string): FieldName | undefined {
  return LENGTHS.has(key.length) ? BY_UPPER_CASE.get(key.toUpperCase()) : undefined;
}

/** Whether a server may choose a model by a field of this name. */
export function isModelKey(key: string): boolean {
  return fieldNamed(key) !== undefined;
}

function modelOf(entry: unknown): unknown {
  const isObject = typeof entry === 'object' && entry !== null && Object.hasOwn(entry, 'model');
  return isObject ? Reflect.get(entry, 'model') : entry;
}

const NONE: readonly string[] = [];

function together(...lists: readonly (readonly string[])[]): readonly string[] {
  return lists.every(({ length }) => length === 0) ? NONE : lists.flat();
}

function readList(field: JsonField | undefined): readonly string[] | undefined {
  if (!field || field.value === null) return NONE;
  const entries: readonly unknown[] = Array.isArray(field.value) ? field.value.map(modelOf) : [undefined];
  return entries.every((entry) => typeof entry === 'string') ? entries : undefined;
}

function namesModel({ value }: JsonField): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).some(isModelKey);
}

// Undefined: a server would have to choose between two of them.
function byName(fields: readonly JsonField[]): FieldsByName | undefined {
  const found: FieldsByName = {};
  for (const field of fields) {
    const name = fieldNamed(field.key) as FieldName;
    if (found[name]) return undefined;
    found[name] = field;
  }
  return found;
}

function nameModels(call: ModelCall, text: string, found: FieldsByName): ModelsInRequest | UndeterminedModel {
  const { model: field, models, fallbacks, extra_body: extra } = found;
  const [listed, further] = [readList(models), readList(fallbacks)];
  if (!listed || !further) return { fault: 'A list of models in the request body is not a list of strings.' };
  if (extra && namesModel(extra)) return { fault: 'The "extra_body" of the request body names a model.' };
  const others = together(listed, further, call.queried);
  if (call.deployment !== undefined) return { model: call.deployment, others };
  if (field?.key !== 'model' || typeof field.value !== 'string')
    return { fault: 'The request body has no "model" that is a string.' };
  // A model in the query cannot be exchanged.
  if (call.queried.length > 0) return { model: field.value, others };
  return { model: field.value, others, inBody: { text, found } };
}

/**
 * Reads what a governed call names, from the bytes that go on the wire.
 *
 * @param known the one field of the body by which a model is chosen, where that is known already
 */
export function readModels(call: ModelCall, body: unknown, known?: JsonField): ModelsInRequest | UndeterminedModel {
  if (call.fault !== undefined) return { fault: call.fault };
  const text = bodyText(body);
  if (text === undefined) return { fault: 'The request body is not JSON text that can be inspected.' };
  if (known) return nameModels(call, text, { model: known });
  const fields = readJsonFields(text, isModelKey);
  if (!fields) return { fault: 'The request body is not a JSON object.' };
  const found = byName(fields);
  return found ? nameModels(call, text, found) : { fault: 'The request body names the model more than once.' };
}

/** The body with another model in it; everything else keeps its bytes. Lists of models are emptied, since nothing in them was asked for. */
export function withModel({ text, found }: ModelsInBody, model: string): string {
  const fields = [found.model, found.models, found.fallbacks].filter((field) => field !== undefined);
  let body = text;
  for (const field of fields.toSorted((a, b) => b.start - a.start)) {
    const value = field.key === 'model' ? JSON.stringify(model) : 'null';
    body = body.slice(0, field.start) + value + body.slice(field.end);
  }
  return body;
}
