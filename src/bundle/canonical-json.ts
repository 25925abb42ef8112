import { BundleRefusedError } from '../errors.ts';
import type { Steps } from '../policy/steps.ts';
import { finish } from '../policy/steps.ts';
import type { ByteSink } from './byte-output.ts';
import { ByteOutput } from './byte-output.ts';
import type { Bytes } from './bytes.ts';
import { utf8 } from './bytes.ts';
import { Digest } from './digest.ts';
import type { Json } from './json-payload.ts';

/** A part of what is written, whose bytes go to a sink of its own as well. */
export class Part {
  readonly value: Json;
  readonly sink: ByteSink;

  constructor(value: Json, sink: ByteSink) {
    this.value = value;
    this.sink = sink;
  }
}

/** An object that may have parts. */
export interface Fields {
  readonly [key: string]: Json | Part;
}

/** The keys of objects that have the same ones in the same order. */
interface KeyList {
  readonly given: readonly string[];
  readonly sorted: readonly string[];
  /** `{"first":`, then `,"next":` and so on. */
  readonly written: readonly Bytes[];
}

const MOST_KEY_LISTS = 32;
const ENTRIES_PER_STEP = 128;
// The payload, its list of policies, a policy, its list of rules: a rule is written at once.
const LEVELS_WITH_STEPS = 4;
const NO_BYTES: Bytes = new Uint8Array();

const [COMMA, LIST, LIST_END, OBJECT, OBJECT_END] = [0x2c, 0x5b, 0x5d, 0x7b, 0x7d] as const;

function quoted(text: string): string {
  if (!text.isWellFormed()) throw new BundleRefusedError('invalid_data', 'A text holds half of a surrogate pair.');
  return JSON.stringify(text);
}

function createKeyList(given: readonly string[]): KeyList {
  const sorted = given.toSorted();
  return { given, sorted, written: sorted.map((key, at) => utf8(`${at === 0 ? '{' : ','}${quoted(key)}:`)) };
}

function hasSameEntries(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
  return true;
}

// Writes bytes, because a policy is megabytes of short texts, and sorts each list of keys once, because
// its rules have few different ones.
class CanonicalWriter {
  readonly #output: ByteOutput;
  readonly #keyLists: KeyList[] = [];

  constructor(output: ByteOutput) {
    this.#output = output;
  }

  write(value: Json): void {
    if (typeof value === 'string') this.#writeString(value);
    else if (typeof value !== 'object' || value === null) this.#output.writeText(JSON.stringify(value));
    else if (Array.isArray(value)) this.#writeList(value as readonly Json[]);
    else this.#writeObject(value as Readonly<Record<string, Json>>);
  }

  /** The same, pausing between the entries of the outer lists. */
  *writeInSteps(value: Json | Part | Fields, levels: number): Steps<void> {
    if (value instanceof Part) yield* this.#partInSteps(value, levels);
    else if (levels === 0 || typeof value !== 'object' || value === null) this.write(value as Json);
    else if (Array.isArray(value)) yield* this.#listInSteps(value as readonly Json[], levels - 1);
    else yield* this.#objectInSteps(value as Fields, levels - 1);
  }

  *#partInSteps({ value, sink }: Part, levels: number): Steps<void> {
    this.#output.addSink(sink);
    yield* this.writeInSteps(value, levels);
    this.#output.removeSink();
  }

  *#listInSteps(list: readonly Json[], levels: number): Steps<void> {
    this.#output.writeByte(LIST);
    for (let index = 0; index < list.length; index += 1) {
      if (index % ENTRIES_PER_STEP === 0) yield;
      if (index > 0) this.#output.writeByte(COMMA);
      if (levels === 0) this.write(list[index] ?? null);
      else yield* this.writeInSteps(list[index] ?? null, levels);
    }
    this.#output.writeByte(LIST_END);
  }

  *#objectInSteps(object: Fields, levels: number): Steps<void> {
    const keys = this.#keyListOf(object);
    for (const [at, key] of keys.sorted.entries()) {
      this.#output.write(keys.written[at] ?? NO_BYTES);
      yield* this.writeInSteps(object[key] ?? null, levels);
    }
    this.#endObject(keys);
  }

  #writeString(text: string): void {
    if (!this.#output.writePlainly(text)) this.#output.writeText(quoted(text));
  }

  #writeList(list: readonly Json[]): void {
    this.#output.writeByte(LIST);
    for (let index = 0; index < list.length; index += 1) {
      if (index > 0) this.#output.writeByte(COMMA);
      this.write(list[index] ?? null);
    }
    this.#output.writeByte(LIST_END);
  }

  #writeObject(object: Readonly<Record<string, Json>>): void {
    const keys = this.#keyListOf(object);
    const { sorted, written } = keys;
    for (let at = 0; at < sorted.length; at += 1) {
      this.#output.write(written[at] ?? NO_BYTES);
      this.write(object[sorted[at] ?? ''] ?? null);
    }
    this.#endObject(keys);
  }

  // The first key has brought the bracket with it.
  #endObject({ sorted }: KeyList): void {
    if (sorted.length === 0) this.#output.writeByte(OBJECT);
    this.#output.writeByte(OBJECT_END);
  }

  #keyListOf(object: object): KeyList {
    const keys = Object.keys(object);
    for (const known of this.#keyLists) if (hasSameEntries(known.given, keys)) return known;
    const list = createKeyList(keys);
    if (this.#keyLists.length < MOST_KEY_LISTS) this.#keyLists.push(list);
    return list;
  }
}

/**
 * Writes JSON in canonical form (RFC 8785) as UTF-8, in steps: no spaces, keys in the order of their
 * UTF-16 code units.
 *
 * @throws {BundleRefusedError} `invalid_data` for a text that holds half of a surrogate pair
 */
export function* writeCanonical(value: Json | Fields, sink: ByteSink): Steps<void> {
  const output = new ByteOutput(sink);
  yield* new CanonicalWriter(output).writeInSteps(value, LEVELS_WITH_STEPS);
  output.flush();
}

/** The SHA-256 of a value in canonical form, in hexadecimal digits. */
export async function jsonDigest(value: Json): Promise<string> {
  const digest = new Digest();
  finish(writeCanonical(value, digest.update));
  return digest.hex();
}
