import type { FileHandle } from 'node:fs/promises';

import { ConfigurationError } from '../errors.ts';
import type { DecisionRecord } from '../events/decision-record.ts';
import type { RecordSink } from '../records/record-sink.ts';
import { requireBuiltin } from './builtin.ts';
import type { RotationLimits } from './record-rotation.ts';
import { RecordRotation } from './record-rotation.ts';

/** How large and old a file of records becomes, and how many there are. */
export interface RecordFileOptions {
  /** Bytes after which a new file is begun. Default: 10 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds after which a new file is begun. Default: 1 day. */
  readonly maxAgeMs?: number;
  /** How many old files are kept besides the one that is written. Default: 7. */
  readonly maxFiles?: number;
}

const FEATURE = 'recordFile()';
const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;
const NEWLINE = 0x0a;
const DEFAULTS: RotationLimits = { maxBytes: 10 * 1024 * 1024, maxAgeMs: 86_400_000, maxFiles: 7 };

function lineOf(record: DecisionRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

function checkOptions(path: string, limits: RotationLimits): void {
  if (typeof path !== 'string' || path === '')
    throw new ConfigurationError('recordFile() takes the path of a file, such as "decisions.ndjson".');
  for (const [name, value] of Object.entries(limits)) {
    const least = name === 'maxFiles' ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least)
      throw new ConfigurationError(`recordFile() takes a whole number from ${least} on as ${name}.`);
  }
}

/** A file that records are appended to. */
class RecordFile implements RecordSink {
  readonly name: string = 'file';
  readonly #path: string;
  readonly #rotation: RecordRotation;
  readonly #files = requireBuiltin('node:fs/promises', FEATURE);
  readonly #syncFiles = requireBuiltin('node:fs', FEATURE);
  // Records of a write that failed half-way, whose lines are whole: they are not written again.
  #written = new Set<string>();

  constructor(path: string, limits: RotationLimits) {
    this.#path = path;
    this.#rotation = new RecordRotation(path, limits);
  }

  async write(records: readonly DecisionRecord[]): Promise<void> {
    const left = records.filter(({ id }) => !this.#written.has(id));
    const lines = left.map(lineOf);
    await this.#rotation.makeRoom(lines.reduce((bytes, line) => bytes + line.length, 0));
    const file = await this.#open();
    try {
      await this.#append(file, left, lines);
    } finally {
      await file.close();
    }
    this.#written.clear();
  }

  writeSync(records: readonly DecisionRecord[]): void {
    const { openSync, fstatSync, readSync, writeSync, closeSync } = this.#syncFiles;
    const lines = records.filter(({ id }) => !this.#written.has(id)).map(lineOf);
    const file = openSync(this.#path, this.#flags, OWNER_ONLY);
    try {
      const { size } = fstatSync(file);
      const end = Buffer.of(NEWLINE);
      if (size > 0) readSync(file, end, 0, 1, size - 1);
      const start = end[0] === NEWLINE ? [] : [Buffer.of(NEWLINE)];
      const content = Buffer.concat([...start, ...lines]);
      for (let at = 0; at < content.length;) at += writeSync(file, content, at);
    } finally {
      closeSync(file);
    }
  }

  // Not blocking: a named pipe without a reader would hang the write.
  get #flags(): number {
    const { O_RDWR, O_APPEND, O_CREAT, O_NONBLOCK } = this.#files.constants;
    return O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK;
  }

  // Opened for each write, so that a file that somebody moved or removed is made anew.
  async #open(): Promise<FileHandle> {
    const open = async (): Promise<FileHandle> => this.#files.open(this.#path, this.#flags, OWNER_ONLY);
    return open().catch(async (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      const paths = requireBuiltin('node:path', FEATURE);
      await this.#files.mkdir(paths.dirname(this.#path), { mode: OWNER_ONLY_FOLDER });
      return open();
    });
  }

  async #append(file: FileHandle, records: readonly DecisionRecord[], lines: readonly Buffer[]): Promise<void> {
    const found = await file.stat();
    if (!found.isFile()) throw new ConfigurationError(`${this.#path} is not a file.`);
    const start = (await isTorn(file, found.size)) ? [Buffer.of(NEWLINE)] : [];
    const content = Buffer.concat([...start, ...lines]);
    let at = 0;
    try {
      while (at < content.length) at += (await file.write(content, at)).bytesWritten;
    } catch (error) {
      this.#remember(records, lines, at - start.length);
      throw error;
    }
  }

  #remember(records: readonly DecisionRecord[], lines: readonly Buffer[], bytes: number): void {
    let left = bytes;
    for (const [index, { id }] of records.entries()) {
      left -= lines[index]?.length ?? 0;
      if (left < 0) return;
      this.#written.add(id);
    }
  }
}

// A process that was killed may have left half a line, and another one must not be glued to it.
async function isTorn(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer[0] !== NEWLINE;
}

/**
 * Decision records in a file: NDJSON, one JSON object per line, readable by its owner only. Several
 * processes may write to the same one. `controlzero replay` reads it as it is.
 *
 * When the file becomes too large or too old it is renamed, with the time in its name, and a new one is
 * begun; the oldest ones are removed. A disk that is full or read-only loses nothing at first: records
 * wait and are tried again, and `status().audit` says what became of them. Node only.
 *
 * @param path the file; its folder is made if only that is missing
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` for limits that are none, and on runtimes without files
 *
 * @example
 * ```ts
 * import { init } from '@controlzero/sdk';
 * import { recordFile } from '@controlzero/sdk/node';
 *
 * const cz = await init({
 *   policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] },
 *   records: recordFile('decisions.ndjson', { maxBytes: 50_000_000, maxFiles: 3 }),
 * });
 * await cz.enforce({ action: 'llm.generate', resource: 'model/gpt-4' });
 * await cz.close();
 * ```
 */
export function recordFile(path: string, options: RecordFileOptions = {}): RecordSink {
  const limits = { ...DEFAULTS, ...options };
  checkOptions(path, limits);
  return new RecordFile(path, limits);
}
