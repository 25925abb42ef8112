import type { Fields } from './fields.ts';

const MODEL_FIELDS: ReadonlySet<string> = new Set(['model', 'models', 'fallbacks', 'extra_body']);
const IN_UPPER_CASE: ReadonlySet<string> = new Set(Array.from(MODEL_FIELDS, (name) => name.toUpperCase()));
const LONGEST = 10;

/** Whether a field of a request names models, in whatever case: some servers do not regard it. */
export function isModelField(name: string): boolean {
  return name.length <= LONGEST && IN_UPPER_CASE.has(name.toUpperCase());
}

function jsonOf(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
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
    if (['toJSON', Symbol.iterator, Symbol.asyncIterator].some((name) => name in copy || name in request))
      return undefined;
    for (const name of Object.keys(copy).filter(isModelField)) {
      if (!MODEL_FIELDS.has(name)) return undefined;
      if (typeof copy[name] !== 'string') copy[name] = jsonOf(copy[name]);
    }
    return copy;
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
