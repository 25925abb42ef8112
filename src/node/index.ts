/**
 * What needs files: policy sources, decision records and the vault file.
 *
 * @module @controlzero/sdk/node
 */
export { createVault, listSecrets, removeSecret, rotateVaultKey, setSecret } from './edit-vault.ts';
export type { SetSecretOptions, VaultEntry } from './edit-vault.ts';
export { fileSource } from './file-source.ts';
export { findPolicyFile } from './find-policy-file.ts';
export { recordFile } from './record-file.ts';
export type { RecordFileOptions } from './record-file.ts';
export { vaultFileSource } from './vault-file-source.ts';
export type { VaultOptions, VaultPaths } from './vault-file-source.ts';
