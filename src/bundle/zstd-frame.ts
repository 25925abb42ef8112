const MAGIC = 0xfd_2f_b5_28;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const LARGEST_BLOCK = 128 * 1024;
const RLE = 1;
const RESERVED = 3;
// Bytes of the content size by its flag; with flag 0, a frame of a single segment has one.
const SIZE_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;

/** Why bytes are not one plain zstd frame: they are none, or would need more memory than allowed. */
export type FrameFault = 'damaged' | 'too_large';

interface FrameHeader {
  readonly bytes: number;
  readonly window: bigint;
  readonly hasChecksum: boolean;
}

function littleEndian(frame: Uint8Array, at: number, bytes: number): bigint {
  let value = 0n;
  for (let index = bytes - 1; index >= 0; index -= 1) value = value * 256n + BigInt(frame[at + index] ?? 0);
  return value;
}

function windowSize(descriptor: number): bigint {
  const base = 1n << BigInt(10 + (descriptor >> 3));
  return base + (base / 8n) * BigInt(descriptor & 7);
}

function contentSize(frame: Uint8Array, at: number, bytes: number): bigint {
  // The two-byte form starts counting where the one-byte form ends.
  return littleEndian(frame, at, bytes) + (bytes === 2 ? 256n : 0n);
}

function readFrameHeader(frame: Uint8Array): FrameHeader | undefined {
  if (littleEndian(frame, 0, 4) !== BigInt(MAGIC)) return undefined;
  const descriptor = frame[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const windowBytes = isSingleSegment ? 0 : 1;
  const sizeBytes = SIZE_BYTES[descriptor >> 6] || 1 - windowBytes;
  const dictionaryBytes = DICTIONARY_BYTES[descriptor & 3] ?? 0;
  const isReserved = (descriptor & 0x08) !== 0;
  if (isReserved || littleEndian(frame, 5 + windowBytes, dictionaryBytes) !== 0n) return undefined;
  const sizeAt = 5 + windowBytes + dictionaryBytes;
  const window = isSingleSegment ? contentSize(frame, sizeAt, sizeBytes) : windowSize(frame[5] ?? 0);
  return { bytes: sizeAt + sizeBytes, window, hasChecksum: (descriptor & 4) !== 0 };
}

// Where the last block ends, or -1.
function endOfBlocks(frame: Uint8Array, start: number): number {
  let at = start;
  while (at + BLOCK_HEADER_BYTES <= frame.length) {
    const header = Number(littleEndian(frame, at, BLOCK_HEADER_BYTES));
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === RESERVED || size > LARGEST_BLOCK) return -1;
    at += BLOCK_HEADER_BYTES + (type === RLE ? 1 : size);
    if ((header & 1) === 1) return at;
  }
  return -1;
}

/**
 * Looks at the outside of a zstd frame before a decoder sees it. Decoders differ: they read frames one
 * after the other, skip what follows, and reserve the memory that the header asks for, up to gigabytes.
 * Exactly one frame without a dictionary and within the limit passes.
 */
export function frameFault(frame: Uint8Array, maxBytes: number): FrameFault | undefined {
  const header = readFrameHeader(frame);
  if (!header) return 'damaged';
  if (header.window > BigInt(maxBytes)) return 'too_large';
  const end = endOfBlocks(frame, header.bytes) + (header.hasChecksum ? CHECKSUM_BYTES : 0);
  return end === frame.length ? undefined : 'damaged';
}
