import { isRunnable } from './runnable-kinds.ts';

const DEEPEST = 3;

type Map<Part = object> = (runnable: Part) => Part;

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function mapValue(value: unknown, map: Map, depth: number): unknown {
  if (isRunnable(value)) return map(value);
  if (depth === 0) return value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => mapValue(item, map, depth - 1));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isRecord(value)) return value;
  const changed = mapRunnables(value, map, depth - 1);
  return Object.keys(changed).length === 0 ? value : { ...value, ...changed };
}

/**
 * The fields of an object that hold something else once the runnables in them were replaced: as values,
 * in lists and in plain records.
 */
export function mapRunnables(holder: object, map: Map, depth: number = DEEPEST): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const name of Object.keys(holder)) {
    const value: unknown = Reflect.get(holder, name);
    // Most fields, and told apart fastest here.
    if (typeof value !== 'object' || value === null) continue;
    const mapped = mapValue(value, map, depth);
    if (mapped !== value) changed[name] = mapped;
  }
  return changed;
}
