import { constants, zstdCompressSync } from 'node:zlib';

import { describe, expect, test, vi } from 'vitest';

import { compress, decompress, decompressInJavaScript } from '../../src/bundle/zstd.ts';
import { frameFault } from '../../src/bundle/zstd-frame.ts';
import { BundleRefusedError, ConfigurationError } from '../../src/index.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';
import { storedFrame } from '../support/naive-bundle.ts';
import { createRandom } from '../support/random.ts';
import { refusalKind } from '../support/refusal-kind.ts';
import { rejectionOf } from '../support/rejection-of.ts';

const MIB = 1024 * 1024;
const withoutZstd = async <T>(work: () => Promise<T>): Promise<T> => {
  const spy = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
  try {
    return await work();
  } finally {
    spy.mockRestore();
  }
};

const samples = (): Uint8Array[] => {
  const random = createRandom(fuzzSeed());
  const text = JSON.stringify(
    Array.from({ length: 3000 }, (_, at) => ({ id: `rule-${at % 97}`, effect: 'allow', at })),
  );
  return [
    new Uint8Array(),
    new TextEncoder().encode('{}'),
    new TextEncoder().encode(text),
    new Uint8Array(300_000),
    Uint8Array.from({ length: 200_000 }, () => random.below(256)),
    ...Array.from({ length: 40 }, () => Uint8Array.from({ length: random.below(5000) }, () => random.below(6))),
  ];
};

describe('zstd', () => {
  test('comes back as it went, from either decoder', async () => {
    for (const sample of samples()) {
      for (const level of [1, 3, 19]) {
        const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: level % 2 };
        const frame = zstdCompressSync(sample, { params });
        expect(frameFault(frame, MIB)).toBeUndefined();
        const [here, inJavaScript] = [await decompress(frame, MIB), await decompressInJavaScript(frame, MIB)];
        // Compared as buffers: comparing long lists entry by entry takes seconds.
        expect(Buffer.compare(here, sample)).toBe(0);
        expect(Buffer.compare(inJavaScript, sample)).toBe(0);
      }
      expect(Buffer.compare(await decompress(compress(sample), MIB), sample)).toBe(0);
    }
  });

  test('without a size in its header, and in stored blocks', async () => {
    const sample = new TextEncoder().encode('a'.repeat(200_000));
    const frame = zstdCompressSync(sample, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } });
    for (const one of [frame, storedFrame(sample)]) {
      expect(Buffer.compare(await decompress(one, MIB), sample)).toBe(0);
      expect(Buffer.compare(await withoutZstd(() => decompress(one, MIB)), sample)).toBe(0);
    }
  });

  test('stops at the limit, with either decoder, whatever the header says', async () => {
    const sample = new Uint8Array(2 * MIB);
    const sized = compress(sample);
    const unsized = zstdCompressSync(sample, {
      params: { [constants.ZSTD_c_contentSizeFlag]: 0, [constants.ZSTD_c_windowLog]: 17 },
    });
    for (const frame of [sized, unsized]) {
      expect(await refusalKind(decompress(frame, MIB))).toBe('too_large');
      expect(await refusalKind(withoutZstd(() => decompress(frame, MIB)))).toBe('too_large');
      expect((await withoutZstd(() => decompress(frame, 2 * MIB))).length).toBe(2 * MIB);
    }
    expect(await refusalKind(decompressInJavaScript(sized, MIB))).toBe('too_large');
  });

  test('every truncation, and bytes behind the frame, are refused by either decoder', async () => {
    const frame = compress(new TextEncoder().encode('{"policies":[]}'.repeat(20)));
    for (let end = 0; end < frame.length; end += 1) {
      expect(await refusalKind(decompress(frame.subarray(0, end), MIB))).toBe('invalid_data');
      expect(await refusalKind(withoutZstd(() => decompress(frame.subarray(0, end), MIB)))).toBe('invalid_data');
    }
    expect(await refusalKind(decompress(Buffer.concat([frame, Buffer.of(0)]), MIB))).toBe('invalid_data');
    expect(await refusalKind(decompress(Buffer.concat([frame, frame]), MIB))).toBe('invalid_data');
  });

  test('a changed byte never gives anything but bytes or a typed refusal', async () => {
    const frame = compress(new TextEncoder().encode('{"policies":[{"name":"a"}]}'.repeat(9)));
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const changed = Uint8Array.from(frame);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      for (const attempt of [decompress(changed, MIB), withoutZstd(() => decompress(changed, MIB))]) {
        const outcome = await attempt.catch((error: unknown) => error);
        expect(outcome instanceof Uint8Array || outcome instanceof BundleRefusedError, String(outcome)).toBe(true);
      }
    }
  });

  test.each([
    ['nothing', []],
    ['another magic', [0x28, 0xb5, 0x2f, 0xfe, 0x20, 0, 1, 0, 0]],
    ['a frame to be skipped', [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]],
    ['a reserved flag', [0x28, 0xb5, 0x2f, 0xfd, 0x28, 0, 1, 0, 0]],
    ['a dictionary', [0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 0, 1, 0, 0]],
    ['a reserved kind of block', [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 7, 0, 0]],
    ['a block of more than 128 KiB', [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 0x09, 0, 0x10]],
    ['no last block', [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 0, 0, 0]],
  ])('%s is damaged', (_, bytes) => {
    expect(frameFault(Uint8Array.from(bytes), MIB)).toBe('damaged');
  });

  test.each([
    ['in one byte', [0x20, 0], 0],
    ['in two bytes, counted from 256', [0x60, 1, 0], 257],
    ['in eight bytes', [0xe0, 0, 0, 0, 0, 1, 0, 0, 0], 2 ** 32],
    ['as a window', [0x00, 0x0b], 2 ** 11 + 3 * 2 ** 8],
  ])('the memory a frame asks for is read from its header: %s', (_, head, bytes) => {
    const frame = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, ...head, 1, 0, 0]);
    expect(frameFault(frame, bytes)).toBeUndefined();
    if (bytes > 0) expect(frameFault(frame, bytes - 1)).toBe('too_large');
  });

  test('making bundles says what it needs', async () => {
    const attempt = withoutZstd(async () => compress(new Uint8Array()));
    expect(await rejectionOf(attempt)).toBeInstanceOf(ConfigurationError);
  });
});
