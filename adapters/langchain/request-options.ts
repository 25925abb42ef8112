import type { Fields } from './fields.ts';
import { fieldsOf } from './fields.ts';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json(?:\s*;\s*charset="?utf-?8"?)?\s*;?$/iu;
const QUERIED = /^models?(?:\[|$)/iu;

function entriesOf(headers: unknown): readonly (readonly [string, unknown])[] {
  if (headers instanceof Headers) return [...headers];
  if (Array.isArray(headers)) return headers as readonly (readonly [string, unknown])[];
  const { values } = fieldsOf(headers);
  return values instanceof Headers ? [...values] : Object.entries(fieldsOf(headers));
}

// With another type or a compression a server reads something else than the JSON that was judged.
function isPlainJson(headers: unknown): boolean {
  if (headers === undefined) return true;
  return entriesOf(headers).every(([name, value]) => {
    const key = name.toLowerCase();
    if (key === 'content-type') return typeof value === 'string' && JSON_TYPE.test(value);
    return key !== 'content-encoding' || value === 'identity';
  });
}

function replacesBody(fetchOptions: unknown): boolean {
  if (fetchOptions === undefined) return false;
  const options = fieldsOf(fetchOptions);
  return 'body' in options || 'method' in options || 'headers' in options;
}

/** Why a request that goes out with these options cannot be judged; undefined when it can. */
export function faultInOptions(options: Fields): string | undefined {
  if (options['path'] !== undefined || options['method'] !== undefined)
    return 'The options of the call replace the path or the method of the request.';
  if (replacesBody(options['fetchOptions'])) return 'The "fetchOptions" of the call replace the request.';
  if (!isPlainJson(options['headers']) || !isPlainJson(options['defaultHeaders']))
    return 'The headers of the call make something else than JSON of the request.';
  return undefined;
}

const NONE: readonly unknown[] = [];

/** What stands in a query where gateways look for a model. */
export function queriedModels(query: unknown): readonly unknown[] {
  if (query === undefined) return NONE;
  const entries = Object.entries(fieldsOf(query)).filter(([name]) => QUERIED.test(name));
  return entries.map(([, value]) => value);
}
