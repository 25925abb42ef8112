import { ownCopy } from './own-copy.ts';

const MOST = 1024;
const LONGEST = 256;

/**
 * Keeps a value by a name that a call brings: an application uses few, each very often. Long ones are not kept,
 * and where there are too many, all are forgotten.
 */
export function remember<Value>(values: Map<string, Value>, name: string, value: Value): void {
  if (name.length > LONGEST) return;
  if (values.size >= MOST) values.clear();
  values.set(ownCopy(name), value);
}
