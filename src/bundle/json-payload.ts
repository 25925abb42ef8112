import { BundleRefusedError } from '../errors.ts';
import type { Steps } from '../policy/steps.ts';
import { finish } from '../policy/steps.ts';

/** JSON data read from a payload: objects have no prototype. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object without a prototype, so that no inherited name is ever found in it. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** The deepest nesting of a payload. */
const DEEPEST = 64;
const ENTRIES_PER_STEP = 128;
// The payload, its list of policies, a policy, its list of rules: a rule is done at once.
const LEVELS_WITH_STEPS = 4;

const [QUOTE, BACKSLASH] = [0x22, 0x5c] as const;
const [LIST, LIST_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d] as const;

function refuse(message: string, cause?: unknown): never {
  throw new BundleRefusedError('invalid_data', message, cause);
}

function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

// Counted on the bytes, because not every engine's JSON.parse survives a million brackets.
function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === OBJECT || byte === LIST) depth += 1;
    else if (byte === OBJECT_END || byte === LIST_END) depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}

function parse(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (isTooDeep(bytes)) refuse(`The JSON is nested more than ${DEEPEST} deep.`);
    return JSON.parse(text) as unknown;
  } catch (error) {
    // The message of a parser quotes the text, and the text holds rules.
    if (error instanceof BundleRefusedError) throw error;
    return refuse('What it holds is not JSON text.');
  }
}

// In place: what is made without a prototype is a dictionary, slow and large.
function takePrototypes(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) takePrototypes(value[at]);
    return;
  }
  Object.setPrototypeOf(value, null);
  for (const key of Object.keys(value)) takePrototypes((value as Readonly<Record<string, unknown>>)[key]);
}

// Pauses between the entries of the outer lists.
function* takePrototypesInSteps(value: unknown, levels: number): Steps<void> {
  const isOuter = levels > 0 && typeof value === 'object' && value !== null;
  if (isOuter && !Array.isArray(value)) Object.setPrototypeOf(value, null);
  if (!isOuter) takePrototypes(value);
  const inner: readonly unknown[] = isOuter ? Object.values(value) : [];
  for (let at = 0; at < inner.length; at += 1) {
    if (at % ENTRIES_PER_STEP === 0) yield;
    if (levels === 1) takePrototypes(inner[at]);
    else yield* takePrototypesInSteps(inner[at], levels - 1);
  }
}

/** Whether a value is a JSON object. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads UTF-8 JSON that holds an object, in steps; the longest of them parses.
 * @throws {BundleRefusedError} `invalid_data`
 */
export function* readJsonInSteps(bytes: Uint8Array): Steps<JsonObject> {
  const value = parse(bytes);
  yield;
  yield* takePrototypesInSteps(value, LEVELS_WITH_STEPS);
  const json = value as Json;
  return isJsonObject(json) ? json : refuse('What it holds is not a JSON object.');
}

/**
 * Reads UTF-8 JSON that holds an object.
 * @throws {BundleRefusedError} `invalid_data`
 */
export function readJsonObject(bytes: Uint8Array): JsonObject {
  return finish(readJsonInSteps(bytes));
}
