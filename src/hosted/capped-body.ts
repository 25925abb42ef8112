import type { Bytes } from '../bundle/bytes.ts';
import { concatBytes } from '../bundle/bytes.ts';
import { PolicyUnavailableError } from '../errors.ts';

/** How much of a body is read. */
export interface CappedBodyOptions {
  readonly maxBytes: number;
  /** Whether a longer body is cut off instead of refused. Default: false. */
  readonly isCut?: boolean;
}

/**
 * Reads a body up to a number of bytes, counted after decompression, and lets go of the rest.
 * @throws {PolicyUnavailableError} of kind `too_large`, and what the stream throws
 */
export async function readCapped(response: Response, { maxBytes, isCut = false }: CappedBodyOptions): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let total = 0;
  if (response.body === null) return new Uint8Array();
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      total += read.value.length;
      parts.push(read.value);
      if (total > maxBytes) break;
    }
  } finally {
    // An unread body would hold its connection, and with it the process.
    reader.cancel().catch(() => undefined);
  }
  if (total > maxBytes && !isCut) {
    throw new PolicyUnavailableError({
      message: `The control plane sent more than ${maxBytes} bytes.`,
      kind: 'too_large',
    });
  }
  return concatBytes(...parts);
}
