import type { ResolvedOptions } from './options.ts';
import type { SecretsSource } from './secrets/secrets-source.ts';
import type { PolicySource } from './sources/source.ts';

async function openVaultFile(vaultFile: string | undefined, vaultKeyFile: string | undefined): Promise<SecretsSource> {
  const { vaultFileSource } = await import('./node/vault-file-source.ts');
  return vaultFileSource({
    ...(vaultFile !== undefined && { vaultFile }),
    ...(vaultKeyFile !== undefined && { vaultKeyFile }),
  });
}

/**
 * Picks the one source whose secrets are used: `secretsSource` or `vaultFile`, else the control plane
 * when the policy comes from there, else the vault of the environment or of the working folder.
 */
export async function resolveSecretsSource(
  options: ResolvedOptions,
  policySource: PolicySource,
): Promise<SecretsSource> {
  if (options.secretsSource) return options.secretsSource;
  if (options.vaultFile === undefined && policySource.openSecrets) return policySource.openSecrets(options.secrets);
  return openVaultFile(options.vaultFile, options.vaultKeyFile);
}
