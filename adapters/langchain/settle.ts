import type { Fields } from './fields.ts';
import { fieldsOf } from './fields.ts';

const MODEL_FIELDS: ReadonlySet<string> = new Set(['model', 'models', 'fallbacks', 'extra_body']);
const IN_UPPER_CASE: ReadonlySet<string> = new Set(Array.from(MODEL_FIELDS, (name) => name.toUpperCase()));

// The first two letters of a name as one number, the same for both cases.
function beginningOf(name: string): number {
  return ((name.charCodeAt(0) | 0x20) << 16) | name.charCodeAt(1) | 0x20;
}

const [MO, FA, EX] = ['mo', 'fa', 'ex'].map(beginningOf);

/** Whether a field of a request names models, in whatever case: some servers do not regard it. */
function isModelField(name: string): boolean {
  // Requests have dozens of fields, and their beginnings tell nearly all of them apart.
  const beginning = beginningOf(name);
  if (beginning !== MO && beginning !== FA && beginning !== EX) return false;
  return MODEL_FIELDS.has(name) || IN_UPPER_CASE.has(name.toUpperCase());
}

/** Whether something that may be a record has a field that names models. */
export function namesModels(record: unknown): boolean {
  return record !== undefined && Object.keys(fieldsOf(record)).some(isModelField);
}

function jsonOf(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

function isMoreThanFields(request: object): boolean {
  return 'toJSON' in request || Symbol.iterator in request || Symbol.asyncIterator in request;
}

// Whether the fields that name models are spelt the usual way; they are made plain JSON.
function settleNames(copy: Record<string, unknown>): boolean {
  for (const name in copy) {
    if (!isModelField(name)) continue;
    if (!MODEL_FIELDS.has(name)) return false;
    if (typeof copy[name] !== 'string') copy[name] = jsonOf(copy[name]);
  }
  return true;
}

/**
 * A copy of a request in which nothing that names a model can change any more, and says what the JSON of
 * it will say. Undefined when it becomes something else than JSON of its fields, or one of them is spelt
 * in a way that servers understand differently.
 */
export function settle(request: unknown): Fields | undefined {
  if (typeof request !== 'object' || request === null || ArrayBuffer.isView(request)) return undefined;
  try {
    const copy: Record<string, unknown> = { ...request };
    if (isMoreThanFields(copy) || isMoreThanFields(request)) return undefined;
    return settleNames(copy) ? copy : undefined;
  } catch {
    return undefined;
  }
}

const IN_OPTIONS = ['body', 'query', 'fetchOptions'];

/** Options of a request in which nothing that was read can change any more. */
export function settleOptions(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return options;
  const copy: Record<string, unknown> = { ...options };
  for (const name of IN_OPTIONS) if (Object.hasOwn(copy, name)) copy[name] = settle(copy[name]) ?? copy[name];
  return copy;
}
