import { readFileSync, rmSync, writeFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { toBase64, utf8 } from '../../src/bundle/bytes.ts';
import { sealPayload } from '../../src/bundle/sealed-payload.ts';
import { SecretUnavailableError } from '../../src/index.ts';
import type { VaultOptions } from '../../src/node/index.ts';
import { listSecrets, setSecret } from '../../src/node/index.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import type { VaultDocument, VaultRow } from '../support/vault-stage.ts';
import { clientOf, documentOf, newVault } from '../support/vault-stage.ts';

const VALUE = 'sk-live-0123456789abcdef';

function change(vault: Required<VaultOptions>, edit: (document: VaultDocument) => void): void {
  const document = documentOf(vault);
  edit(document);
  writeFileSync(vault.vaultFile, JSON.stringify(document));
}

describe('a vault that was tampered with', () => {
  test.each<readonly [string, (document: VaultDocument) => void]>([
    ['a row under another name', ({ secrets: [row] }) => void Object.assign(row as VaultRow, { name: 'anthropic' })],
    [
      'two values exchanged',
      ({ secrets: [one, two] }) => {
        const [first, second] = [one as VaultRow, two as VaultRow];
        [first.sealed, second.sealed] = [second.sealed, first.sealed];
      },
    ],
    [
      'two names exchanged',
      ({ secrets: [one, two] }) => {
        const [first, second] = [one as VaultRow, two as VaultRow];
        [first.name, second.name] = [second.name, first.name];
      },
    ],
    ['a row left out', ({ secrets }) => void secrets.pop()],
    ['a row twice', ({ secrets }) => void secrets.push({ ...(secrets[0] as VaultRow) })],
    ['rows in another order', (document) => void (document.secrets = document.secrets.toReversed())],
    ['another version of a row', ({ secrets: [row] }) => void Object.assign(row as VaultRow, { version: 2 })],
    ['another time of a row', ({ secrets: [row] }) => void Object.assign(row as VaultRow, { updatedAt: 'now' })],
    ['no seal', (document) => void Object.assign(document, { seal: '' })],
    ['a value cut short', ({ secrets: [row] }) => void Object.assign(row as VaultRow, { sealed: 'AAAA' })],
    ['another format version', (document) => void Object.assign(document, { version: 2 })],
    ['another format', (document) => void Object.assign(document, { format: 'x' })],
    ['an unknown key', (document) => void Object.assign(document, { more: 1 })],
    ['a broken name', ({ secrets: [row] }) => void Object.assign(row as VaultRow, { name: 'a b' })],
    ['no base64', ({ secrets: [row] }) => void Object.assign(row as VaultRow, { sealed: '***' })],
  ])('by %s is refused whole, and the last values stay', async (_, edit) => {
    const vault = await newVault({ openai: VALUE, other: 'other-value' });
    const cz = await clientOf(vault);
    change(vault, edit);
    const error = (await rejectionOf(cz.refresh())) as SecretUnavailableError;
    expect(error).toMatchObject({ name: 'SecretUnavailableError', reasonCode: 'INVALID' });
    expect(error.message).toContain('is damaged or was changed without its key');
    expect([cz.getSecret('openai'), cz.getSecret('other')]).toEqual([VALUE, 'other-value']);
    expect(await rejectionOf(setSecret('more', VALUE, vault))).toMatchObject({ reasonCode: 'INVALID' });
  });

  test('by an older row of the same name is refused', async () => {
    const vault = await newVault({ openai: 'old-value' });
    const [old] = documentOf(vault).secrets;
    await setSecret('openai', VALUE, vault);
    change(vault, (document) => void (document.secrets = [old as VaultRow]));
    await expect(clientOf(vault)).rejects.toThrow('its seal does not fit');
  });

  test('by its own key, to give a value another name, is refused as well', async () => {
    const vault = await newVault({ openai: VALUE, other: 'other-value' });
    const projectKey = new Uint8Array(Buffer.from(readFileSync(vault.vaultKeyFile, 'utf8'), 'base64'));
    const document = documentOf(vault);
    const [one, two] = document.secrets as [VaultRow, VaultRow];
    [one.sealed, two.sealed] = [two.sealed, one.sealed];
    const { format, version, keyId, secrets } = document;
    const rows = secrets.map((row) => [row.name, row.version, row.updatedAt, row.sealed]);
    const boundTo = utf8(JSON.stringify([format, version, keyId, rows]));
    document.seal = toBase64(await sealPayload(new Uint8Array(), { projectKey, boundTo }));
    writeFileSync(vault.vaultFile, JSON.stringify(document));
    await expect(clientOf(vault)).rejects.toThrow('does not fit its name and version');
  });

  test('by another key id asks for that key', async () => {
    const vault = await newVault({ openai: VALUE });
    change(vault, (document) => void (document.keyId = 'ffffffffffffffff'));
    await expect(clientOf(vault)).rejects.toThrow('sealed with key ffffffffffffffff');
  });

  test('at any byte gives no other value, and only typed errors', async () => {
    const vault = await newVault({ openai: VALUE });
    const bytes = readFileSync(vault.vaultFile);
    let refused = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(vault.vaultFile, changed);
      // White space between the parts is not part of what is sealed.
      const error = await listSecrets(vault).then(
        (entries) => expect(entries).toMatchObject([{ name: 'openai', version: 1 }]),
        (thrown: unknown) => thrown,
      );
      if (error === undefined) continue;
      expect(error).toBeInstanceOf(SecretUnavailableError);
      refused += 1;
    }
    expect(refused).toBeGreaterThan(bytes.length * 0.7);
    for (let length = 0; length < bytes.length - 2; length += 7) {
      writeFileSync(vault.vaultFile, bytes.subarray(0, length));
      expect(await rejectionOf(listSecrets(vault))).toMatchObject({ reasonCode: 'INVALID' });
    }
  });

  test('or is gone, says what to do', async () => {
    const vault = await newVault({ openai: VALUE });
    const cz = await clientOf(vault);
    rmSync(vault.vaultFile);
    expect(await rejectionOf(cz.refresh())).toMatchObject({
      reasonCode: 'UNREADABLE',
      message: `The vault ${vault.vaultFile} cannot be read (ENOENT). Make one with createVault() or controlzero secrets set <name> --create, or set vaultFile or CONTROLZERO_VAULT_FILE.`,
    });
    expect(cz.getSecret('openai')).toBe(VALUE);
    writeFileSync(vault.vaultFile, ' '.repeat(16 * 1024 * 1024 + 1));
    await expect(cz.refresh()).rejects.toThrow('(EFBIG)');
  });
});
