import type { Bytes } from './bytes.ts';

/** Takes bytes as they are written. They are overwritten afterwards. */
export type ByteSink = (bytes: Bytes) => void;

const BUFFER_BYTES = 65_536;
const [QUOTE, BACKSLASH, SPACE, DELETE] = [0x22, 0x5c, 0x20, 0x7f] as const;

const encoder = new TextEncoder();

function isWrittenAsItIs(code: number): boolean {
  return code >= SPACE && code <= DELETE && code !== QUOTE && code !== BACKSLASH;
}

/** Hands bytes on in large pieces, however small the pieces are that are written. */
export class ByteOutput {
  readonly #buffer: Bytes = new Uint8Array(BUFFER_BYTES);
  readonly #sinks: ByteSink[];
  #length = 0;

  constructor(sink: ByteSink) {
    this.#sinks = [sink];
  }

  writeByte(byte: number): void {
    if (this.#length === BUFFER_BYTES) this.flush();
    this.#buffer[this.#length] = byte;
    this.#length += 1;
  }

  write(bytes: Bytes): void {
    const { length } = bytes;
    if (length > BUFFER_BYTES - this.#length) this.flush();
    if (length > BUFFER_BYTES) return this.#handOn(bytes);
    // Nearly always so few that calling somebody to copy them takes longer.
    for (let at = 0; at < length; at += 1) this.#buffer[this.#length + at] = bytes[at] ?? 0;
    this.#length += length;
  }

  writeText(text: string): void {
    this.write(encoder.encode(text));
  }

  /** Writes a text in quotes if that is all it takes: nearly every text of a policy is short and plain. */
  writePlainly(text: string): boolean {
    const { length } = text;
    if (length + 2 > BUFFER_BYTES - this.#length) this.flush();
    if (length + 2 > BUFFER_BYTES) return false;
    const buffer = this.#buffer;
    let at = this.#length;
    buffer[at] = QUOTE;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (!isWrittenAsItIs(code)) return false;
      at += 1;
      buffer[at] = code;
    }
    buffer[at + 1] = QUOTE;
    this.#length = at + 2;
    return true;
  }

  /** Hands on what is left. */
  flush(): void {
    this.#handOn(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }

  /** From now on, what is written goes to one more sink. */
  addSink(sink: ByteSink): void {
    this.flush();
    this.#sinks.push(sink);
  }

  /** Ends what `addSink` has begun. */
  removeSink(): void {
    this.flush();
    this.#sinks.pop();
  }

  #handOn(bytes: Bytes): void {
    for (const sink of this.#sinks) sink(bytes);
  }
}
