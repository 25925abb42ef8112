import { PolicyUnavailableError } from '../errors.ts';
import type { SyncFailureKind } from '../failure-kind.ts';
import { parseRetryAfter } from '../sync/retry-after.ts';

/** An answer that is no success. */
export interface FailedAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** The first bytes of its body. */
  readonly body: Uint8Array;
  readonly now: number;
}

const KINDS: Readonly<Record<number, SyncFailureKind>> = { 401: 'auth', 403: 'auth', 429: 'rate_limited' };
const SERVER_CODE = /^[A-Z][A-Z\d_]{1,63}$/u;
const ASKS_FOR_PAUSE: ReadonlySet<number> = new Set([429, 503]);

const ADVICE: Readonly<Record<number, string>> = {
  401: ' The API key is not accepted: check CONTROLZERO_API_KEY, or whether the key was revoked.',
  403: ' The API key may not read policies, or the plan does not include it.',
  404: ' Check CONTROLZERO_BASE_URL.',
};

function adviceFor(status: number): string {
  if (status >= 300 && status < 400) return ' Redirects are not followed: set CONTROLZERO_BASE_URL to where it points.';
  return ADVICE[status] ?? '';
}

// Shown only when it looks like the code it should be: a body can hold anything.
function serverCode(body: Uint8Array): string | undefined {
  try {
    const { error, code } = JSON.parse(new TextDecoder().decode(body)) as { error?: unknown; code?: unknown };
    const nested = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : error;
    return [nested, code].find((text): text is string => typeof text === 'string' && SERVER_CODE.test(text));
  } catch {
    return undefined;
  }
}

/** A status as a typed error. */
export function httpFailure({ status, retryAfter, body, now }: FailedAnswer): PolicyUnavailableError {
  const code = serverCode(body);
  const retryAfterMs = ASKS_FOR_PAUSE.has(status) ? parseRetryAfter(retryAfter, now) : undefined;
  return new PolicyUnavailableError({
    message: `The control plane answered ${status}${code === undefined ? '' : ` (${code})`}.${adviceFor(status)}`,
    kind: KINDS[status] ?? (status < 300 ? 'invalid_data' : 'http'),
    httpStatus: status,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
