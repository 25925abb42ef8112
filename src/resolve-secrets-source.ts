import type { ResolvedOptions } from './options.ts';
import type { SecretsSource } from './secrets/secrets-source.ts';

async function openVaultFile(vaultFile: string | undefined, vaultKeyFile: string | undefined): Promise<SecretsSource> {
  const { vaultFileSource } = await import('./node/vault-file-source.ts');
  return vaultFileSource({
    ...(vaultFile !== undefined && { vaultFile }),
    ...(vaultKeyFile !== undefined && { vaultKeyFile }),
  });
}

/**
 * Picks the one source whose secrets are used: `secretsSource` or `vaultFile` > the API key >
 * `CONTROLZERO_VAULT_FILE` > `controlzero.vault` in the working folder.
 */
export async function resolveSecretsSource(options: ResolvedOptions): Promise<SecretsSource> {
  if (options.secretsSource) return options.secretsSource;
  return openVaultFile(options.vaultFile, options.vaultKeyFile);
}
