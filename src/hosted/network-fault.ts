import { PolicyUnavailableError } from '../errors.ts';
import type { SyncFailureKind } from '../failure-kind.ts';

const DNS: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME', 'EAI_FAIL']);
const TLS =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO|ERR_CERT_|CRL_|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_EXCEEDED)/u;
const TIMEOUT = /TIMEOUT|ETIMEDOUT/u;
// What came is no HTTP, more of it than may be, or cannot be unpacked.
const DATA = /^(?:HPE_|UND_ERR_HEADERS_OVERFLOW|Z_|ERR__ERROR_FORMAT|ERR_BROTLI|ERR_ZSTD|ZSTD_|UND_ERR_RESPONSE)/u;
const PATTERNS: readonly (readonly [RegExp, SyncFailureKind])[] = [
  [TLS, 'tls'],
  [TIMEOUT, 'timeout'],
  [DATA, 'invalid_data'],
];
const DEEPEST = 4;

function codeOf(error: unknown): string | undefined {
  let at = error;
  for (let depth = 0; depth < DEEPEST && typeof at === 'object' && at !== null; depth += 1) {
    const { code, cause } = at as { readonly code?: unknown; readonly cause?: unknown };
    if (typeof code === 'string' && /^[A-Z][A-Z\d_]{1,63}$/u.test(code)) return code;
    at = cause;
  }
  return undefined;
}

function kindOf(code: string): SyncFailureKind {
  if (DNS.has(code)) return 'dns';
  return PATTERNS.find(([pattern]) => pattern.test(code))?.[1] ?? 'network';
}

const WHAT_HAPPENED: Partial<Record<SyncFailureKind, string>> = {
  dns: 'The name of the control plane cannot be resolved',
  tls: 'The control plane cannot prove who it is',
  timeout: 'The control plane did not answer in time',
  invalid_data: 'The answer of the control plane cannot be read',
  network: 'The control plane cannot be reached',
};

/**
 * What `fetch` threw, as a typed error. Nothing of the original goes along but its code: the rest may
 * hold headers.
 */
export function networkFault(error: unknown): PolicyUnavailableError {
  if (error instanceof PolicyUnavailableError) return error;
  const code = codeOf(error);
  const kind = code === undefined ? 'network' : kindOf(code);
  const detail = code === undefined ? '' : ` (${code})`;
  return new PolicyUnavailableError({ message: `${WHAT_HAPPENED[kind]}${detail}.`, kind });
}
