import * as v from 'valibot';

import type { Bytes } from '../bundle/bytes.ts';
import { fromBase64 } from '../bundle/bytes.ts';
import { PolicyUnavailableError } from '../errors.ts';

/** What the control plane says about a project before anything else. */
export interface Bootstrap {
  readonly projectId: string;
  /** Decrypts bundles; 32 bytes. */
  readonly projectKey: Bytes;
  /** The signing key of today, 64 hexadecimal digits. Trusted only on first use, or not at all. */
  readonly offeredKey: string;
}

/** The most bytes of a bootstrap that are read. */
export const MAX_BOOTSTRAP_BYTES: number = 64 * 1024;
const KEY_BYTES = 32;

const bootstrapSchema = v.object({
  project_id: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  project_encryption_key_b64: v.pipe(v.string(), v.maxLength(64)),
  signing_pubkey_hex: v.pipe(v.string(), v.regex(/^[\da-f]{64}$/iu)),
});

function invalid(message: string): PolicyUnavailableError {
  return new PolicyUnavailableError({ message, kind: 'invalid_data' });
}

function parseJson(body: Bytes): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw invalid('The bootstrap of the control plane is not JSON.');
  }
}

/**
 * Reads the answer to the bootstrap request.
 * @throws {PolicyUnavailableError} of kind `invalid_data`
 */
export function readBootstrap(body: Bytes): Bootstrap {
  const read = v.safeParse(bootstrapSchema, parseJson(body));
  if (!read.success) throw invalid('The bootstrap of the control plane lacks the project or its keys.');
  const { project_id: projectId, project_encryption_key_b64: key, signing_pubkey_hex: offeredKey } = read.output;
  const projectKey = fromBase64(key);
  if (projectKey?.length !== KEY_BYTES) throw invalid('The bootstrap of the control plane has no key of 32 bytes.');
  return { projectId, projectKey, offeredKey: offeredKey.toLowerCase() };
}
