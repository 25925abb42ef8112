import type { Bytes } from './bytes.ts';
import { concatBytes, utf8 } from './bytes.ts';
import { joinContainer, writeHeader } from './container.ts';
import { sealPayload } from './sealed-payload.ts';
import type { SigningKey } from './signing-key.ts';
import { compress } from './zstd.ts';

/** What a bundle is made with. */
export interface EncodeBundleOptions {
  readonly signingKey: SigningKey;
  /** 32 bytes. */
  readonly projectKey: Uint8Array;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  /** How many policies the header says there are. */
  readonly policyCount: number;
}

/**
 * Makes a bundle (format CZ01) of a payload: JSON, compressed, encrypted, signed.
 *
 * @param payload taken as it is; `bundlePayload()` makes a complete one
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` on a runtime without zstd
 */
export async function encodeBundle(payload: object, options: EncodeBundleOptions): Promise<Bytes> {
  const { signingKey, projectKey, createdAt, policyCount } = options;
  const sealed = await sealPayload(compress(utf8(JSON.stringify(payload))), { projectKey });
  const header = writeHeader({ magic: 'CZ01', createdAt, count: policyCount }, sealed.length);
  return joinContainer(header, sealed, await signingKey.sign(concatBytes(header, sealed)));
}
