import { PolicyUnavailableError } from './errors.ts';
import type { ResolvedOptions } from './options.ts';
import { inlineSource } from './sources/inline.ts';
import type { PolicySource } from './sources/source.ts';
import type { Clock } from './sync/clock.ts';
import { systemClock } from './sync/clock.ts';

const WHAT_TO_SET =
  'Set CONTROLZERO_API_KEY, the policy, policyFile or source option, CONTROLZERO_POLICY_FILE, or put controlzero.yaml into the working folder';

// Loaded on demand: where policies come from elsewhere, a bundle never runs what reads files.
async function openFile(path: string): Promise<PolicySource> {
  const { fileSource } = await import('./node/file-source.ts');
  return fileSource(path);
}

async function findFile(): Promise<string | undefined> {
  const { findPolicyFile } = await import('./node/find-policy-file.ts');
  return findPolicyFile();
}

async function openHosted(apiKey: string, options: ResolvedOptions, clock: Clock): Promise<PolicySource> {
  const { openHostedSource } = await import('./hosted/open-hosted-source.ts');
  return openHostedSource(apiKey, options, clock);
}

async function explicitSource(options: ResolvedOptions): Promise<PolicySource | undefined> {
  if (options.source) return options.source;
  if (options.policy) return inlineSource(options.policy);
  return options.policyFile === undefined ? undefined : openFile(options.policyFile);
}

/**
 * Picks the one source whose policy applies.
 * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when nothing names a policy
 */
export async function resolveSource(options: ResolvedOptions, clock: Clock = systemClock): Promise<PolicySource> {
  const explicit = await explicitSource(options);
  if (explicit) {
    if (options.apiKey !== undefined) {
      options.logger.warn(
        `A local policy (${explicit.kind}) and an API key are both set. The local policy applies; the control plane is not asked.`,
      );
    }
    return explicit;
  }
  if (options.apiKey !== undefined) return openHosted(options.apiKey, options, clock);
  const path = options.environmentPolicyFile ?? (await findFile());
  if (path !== undefined) return openFile(path);
  throw new PolicyUnavailableError({
    message: `No policy is configured. ${WHAT_TO_SET}. Until then every call is denied.`,
  });
}
