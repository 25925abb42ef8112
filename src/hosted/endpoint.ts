import { ConfigurationError } from '../errors.ts';

/** Where the control plane is, and who asks. */
export interface Endpoint {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey: string;
}

const LONGEST_KEY = 512;
const KEY = /^[\u0021-\u007e]+$/u;
const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u;

function checkKey(text: string): string {
  const key = text.trim();
  // What a header refuses it shows in its error, so the key is looked at before there is a header.
  if (KEY.test(key) && key.length <= LONGEST_KEY) return key;
  throw new ConfigurationError(
    `The API key takes 1 to ${LONGEST_KEY} printable ASCII characters without spaces. Check CONTROLZERO_API_KEY for a line break or a quote.`,
  );
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new ConfigurationError(
      'The baseUrl option (CONTROLZERO_BASE_URL) is not a URL. Give one such as https://api.controlzero.ai.',
    );
  }
}

/**
 * Checks where the control plane is and with what key it is asked.
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` without the key, and without what else a URL may hold
 */
export function readEndpoint(baseUrl: string, apiKey: string): Endpoint {
  const url = parseUrl(baseUrl);
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!isSafe)
    throw new ConfigurationError(
      'The baseUrl option (CONTROLZERO_BASE_URL) takes an https URL; http is for this machine only.',
    );
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationError(
      'The baseUrl option (CONTROLZERO_BASE_URL) holds a user name or password; the API key is all that is needed.',
    );
  }
  return { baseUrl: `${url.origin}${url.pathname.replace(/\/+$/u, '')}`, apiKey: checkKey(apiKey) };
}
