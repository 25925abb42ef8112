import { BundleRefusedError } from '../errors.ts';
import type { Bytes } from './bytes.ts';
import { sha256, utf8 } from './bytes.ts';

/** JSON data read from a payload: objects have no prototype. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object without a prototype, so that no inherited name is ever found in it. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** The deepest nesting of a payload. */
const DEEPEST = 64;

function refuse(message: string, cause?: unknown): never {
  throw new BundleRefusedError('invalid_data', message, cause);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at;
}

// Counted on the text, because not every engine's JSON.parse survives a million brackets.
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}

function withoutPrototypes(value: unknown): Json {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (typeof value !== 'object' || value === null) return value as Json;
  const copy = Object.create(null) as Record<string, Json>;
  for (const [key, inner] of Object.entries(value)) copy[key] = withoutPrototypes(inner);
  return copy;
}

/** Whether a value is a JSON object. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads UTF-8 JSON that holds an object.
 * @throws {BundleRefusedError} `invalid_data`
 */
export function readJsonObject(bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (isTooDeep(text)) refuse(`The JSON is nested more than ${DEEPEST} deep.`);
    value = JSON.parse(text);
  } catch (error) {
    // The message of a parser quotes the text, and the text holds rules.
    if (error instanceof BundleRefusedError) throw error;
    refuse('What it holds is not JSON text.');
  }
  const json = withoutPrototypes(value);
  return isJsonObject(json) ? json : refuse('What it holds is not a JSON object.');
}

function writeString(text: string): string {
  if (!text.isWellFormed()) refuse('A text holds half of a surrogate pair.');
  return JSON.stringify(text);
}

/** JSON in canonical form (RFC 8785): no spaces, keys in the order of their UTF-16 code units. */
export function canonicalJson(value: Json): string {
  if (typeof value === 'string') return writeString(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join(',')}]`;
  const object = value as JsonObject;
  const keys = Object.keys(object).toSorted();
  return `{${keys.map((key) => `${writeString(key)}:${canonicalJson(object[key] ?? null)}`).join(',')}}`;
}

/** The SHA-256 of a value in canonical form, in hexadecimal digits. */
export async function jsonDigest(value: Json): Promise<string> {
  const bytes: Bytes = utf8(canonicalJson(value));
  return sha256(bytes);
}
