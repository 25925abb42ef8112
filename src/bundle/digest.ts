import type { ByteSink } from './byte-output.ts';
import type { Bytes } from './bytes.ts';
import { concatBytes, sha256 } from './bytes.ts';
import { findBuiltin } from '../node/builtin.ts';

/** A SHA-256 of what comes in pieces. WebCrypto takes only whole texts, so without Node the pieces are kept. */
export class Digest {
  readonly #hash = findBuiltin('node:crypto')?.createHash('sha256');
  readonly #kept: Bytes[] = [];

  /** Takes the next piece. */
  readonly update: ByteSink = (bytes) => {
    if (this.#hash) this.#hash.update(bytes);
    else this.#kept.push(bytes.slice());
  };

  /** The digest in hexadecimal digits, once everything has come. */
  async hex(): Promise<string> {
    return this.#hash ? this.#hash.digest('hex') : sha256(concatBytes(...this.#kept));
  }
}
