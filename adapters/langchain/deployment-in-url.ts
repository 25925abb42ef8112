type DeploymentInUrl = { readonly name: string } | { readonly fault: string };

// What can hold a marker, encoded or not.
const SUSPECT = /deployments|engines|%|\\/iu;
const MARKER = /\/(?:deployments|engines)(?=[/;\s]|$)/iu;
const PLAIN = /^[^?#]*\/(?:deployments|engines)\/([\w.-]+(?:\/[\w.-]+)*)\/?$/u;
const MOST_DECODINGS = 5;

// A model has few URLs, and each of them is looked at in every call.
const MOST_KNOWN = 256;
const known = new Map<string, DeploymentInUrl | null>();

// Servers decode a path once or more often before they look where it leads.
function decode(url: string, times = MOST_DECODINGS): string {
  try {
    const decoded = decodeURIComponent(url).replaceAll('\\', '/');
    return decoded === url || times === 0 ? decoded : decode(decoded, times - 1);
  } catch {
    return url;
  }
}

function isPlain(name: string): boolean {
  return name.split('/').every((segment) => segment !== '.' && segment !== '..');
}

function read(url: string): DeploymentInUrl | undefined {
  if (!SUSPECT.test(url)) return undefined;
  const name = PLAIN.exec(url)?.[1];
  const isOnly = url.split(MARKER).length === 2;
  if (name !== undefined && isOnly && isPlain(name)) return { name };
  return MARKER.test(decode(url)) ? { fault: 'The URL of the deployment is not a plain one.' } : undefined;
}

/**
 * The deployment that a base URL leads to: undefined when it leads to none, `fault` when that cannot be
 * told, because the name is encoded or can be read in more than one way.
 */
export function deploymentInUrl(url: string): DeploymentInUrl | undefined {
  if (url === '') return undefined;
  const found = known.get(url);
  if (found !== undefined) return found ?? undefined;
  if (known.size >= MOST_KNOWN) known.clear();
  const deployment = read(url);
  known.set(url, deployment ?? null);
  return deployment;
}
