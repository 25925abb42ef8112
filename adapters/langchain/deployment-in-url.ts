const MARKER = /\/(?:deployments|engines)/iu;
const PLAIN = /^[^?#]*\/(?:deployments|engines)\/(?!\.{1,2}\/?$)([\w.-]+)\/?$/u;
const MOST_DECODINGS = 5;

// Servers decode a path once or more often before they look where it leads.
function decode(url: string, times = MOST_DECODINGS): string {
  try {
    const decoded = decodeURIComponent(url).replaceAll('\\', '/');
    return decoded === url || times === 0 ? decoded : decode(decoded, times - 1);
  } catch {
    return url;
  }
}

/**
 * The deployment that a base URL leads to: undefined when it leads to none, `fault` when that cannot be
 * told, because the name is encoded or something else stands behind it.
 */
export function deploymentInUrl(url: string): { readonly name: string } | { readonly fault: string } | undefined {
  const name = PLAIN.exec(url)?.[1];
  const isTwice = url.split(MARKER).length > 2;
  if (name !== undefined && !isTwice) return { name };
  return MARKER.test(decode(url)) ? { fault: 'The URL of the deployment is not a plain one.' } : undefined;
}
