import { BundleRefusedError, ConfigurationError } from '../errors.ts';
import { findBuiltin } from '../node/builtin.ts';
import type { Bytes } from './bytes.ts';
import { concatBytes } from './bytes.ts';
import { frameFault } from './zstd-frame.ts';

type Zlib = NonNullable<ReturnType<typeof findBuiltin<'node:zlib'>>>;

function tooLarge(maxBytes: number, cause?: unknown): BundleRefusedError {
  return new BundleRefusedError('too_large', `It unpacks to more than ${maxBytes} bytes.`, cause);
}

// Node has zstd from 22.15 on; what runs on 22.0 or on an edge runtime decompresses in JavaScript.
function findZlib(): Zlib | undefined {
  const zlib = findBuiltin('node:zlib');
  return typeof zlib?.zstdDecompressSync === 'function' ? zlib : undefined;
}

function decompressWithZlib(zlib: Zlib, frame: Uint8Array, maxBytes: number): Bytes {
  try {
    return Uint8Array.from(zlib.zstdDecompressSync(frame, { maxOutputLength: maxBytes }));
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(maxBytes, error);
    throw error;
  }
}

/** Decompresses in JavaScript, as on runtimes without zstd of their own. */
export async function decompressInJavaScript(frame: Uint8Array, maxBytes: number): Promise<Bytes> {
  const { Decompress } = await import('fzstd');
  const parts: Uint8Array[] = [];
  let total = 0;
  const stream = new Decompress((part) => {
    total += part.length;
    if (total > maxBytes) throw tooLarge(maxBytes);
    // The decoder reuses its window, so each part is copied.
    parts.push(Uint8Array.from(part));
  });
  stream.push(frame, true);
  return concatBytes(...parts);
}

/**
 * Decompresses one zstd frame, with an upper bound for what comes out.
 *
 * @throws {BundleRefusedError} `too_large` or `invalid_data`
 */
export async function decompress(frame: Uint8Array, maxBytes: number): Promise<Bytes> {
  const fault = frameFault(frame, maxBytes);
  if (fault === 'too_large') throw tooLarge(maxBytes);
  if (fault === 'damaged') throw new BundleRefusedError('invalid_data', 'What it holds is not one zstd frame.');
  const zlib = findZlib();
  try {
    return zlib ? decompressWithZlib(zlib, frame, maxBytes) : await decompressInJavaScript(frame, maxBytes);
  } catch (error) {
    if (error instanceof BundleRefusedError) throw error;
    throw new BundleRefusedError('invalid_data', 'What it holds cannot be decompressed.', error);
  }
}

/**
 * Compresses into one zstd frame.
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` on a runtime without zstd
 */
export function compress(bytes: Uint8Array): Bytes {
  const zlib = findZlib();
  if (!zlib) throw new ConfigurationError('Making bundles needs zstd. Use Node 22.15 or newer.');
  return Uint8Array.from(zlib.zstdCompressSync(bytes));
}
