import { createHash, webcrypto } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import type { SecretEvent, SecretUnavailableError } from '../../src/index.ts';
import { ConfigurationError } from '../../src/index.ts';
import { createVault, listSecrets, removeSecret, rotateVaultKey, setSecret } from '../../src/node/index.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { SOURCE_URL, runProgram } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { clientOf, documentOf, newVault } from '../support/vault-stage.ts';

const VALUE = 'sk-live-0123456789abcdef';

function setVariable(name: string, value: string | undefined): void {
  const before = process.env[name];
  const assign = (text: string | undefined): void => {
    if (text === undefined) delete process.env[name];
    else process.env[name] = text;
  };
  assign(value);
  onTestFinished(() => assign(before));
}

describe('a vault file', () => {
  test('gives its secrets to a client that names it', async () => {
    const vault = await newVault({ openai: VALUE, pem: 'line one\nline two ü 🔑\n' });
    const cz = await clientOf(vault);
    expect([cz.getSecret('openai'), cz.getSecret('pem')]).toEqual([VALUE, 'line one\nline two ü 🔑\n']);
    expect(cz.status().secrets).toMatchObject({ source: 'vault-file', count: 2 });
  });

  test('is found in the working folder, and by the environment', async () => {
    const folder = temporaryFolder();
    const program = `
      const { init } = await import(${JSON.stringify(SOURCE_URL)});
      const { createVault, setSecret } = await import(${JSON.stringify(new URL('node/index.ts', SOURCE_URL).href)});
      if (process.env.MAKE) { await createVault(); await setSecret('openai', process.env.MAKE); }
      const cz = await init({ policy: { rules: [] } });
      console.log(cz.getSecret('openai'));`;
    const run = async (environment: Record<string, string>, cwd = folder): Promise<string> =>
      runProgram(program, { cwd, environment: { CONTROLZERO_SECRETS_ENABLED: 'true', ...environment } });
    expect(await run({ MAKE: VALUE })).toBe(VALUE);
    expect(await run({})).toBe(VALUE);
    expect(readdirSync(folder).toSorted()).toEqual(['controlzero.vault', 'controlzero.vault.key']);
    const variables = {
      CONTROLZERO_VAULT_FILE: join(folder, 'controlzero.vault'),
      CONTROLZERO_VAULT_KEY: readFileSync(join(folder, 'controlzero.vault.key'), 'utf8'),
    };
    rmSync(join(folder, 'controlzero.vault.key'));
    expect(await run(variables, temporaryFolder())).toBe(VALUE);
  });

  test('can be read and its key made by anything that knows the format', async () => {
    const vault = await newVault({ openai: VALUE });
    const { format, version, keyId, secrets, seal } = documentOf(vault);
    const raw = Buffer.from(readFileSync(vault.vaultKeyFile, 'utf8'), 'base64');
    expect(keyId).toBe(createHash('sha256').update(raw).digest('hex').slice(0, 16));
    const key = await webcrypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
    const open = async (sealed: string, bound: unknown): Promise<string> => {
      const bytes = Buffer.from(sealed, 'base64');
      const parameters = {
        name: 'AES-GCM',
        iv: bytes.subarray(0, 12),
        additionalData: Buffer.from(JSON.stringify(bound)),
      };
      return Buffer.from(await webcrypto.subtle.decrypt(parameters, key, bytes.subarray(12))).toString();
    };
    const [row] = secrets;
    expect(await open(row?.sealed ?? '', [format, version, keyId, 'openai', 1])).toBe(VALUE);
    const rows = secrets.map((each) => [each.name, each.version, each.updatedAt, each.sealed]);
    expect(await open(seal, [format, version, keyId, rows])).toBe('');
  });

  test('and its key are open to their owner only, hold no value, and leave no other file', async () => {
    const vault = await newVault({ openai: VALUE });
    for (const path of [vault.vaultFile, vault.vaultKeyFile]) expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(vault.vaultFile, 'utf8');
    for (const encoding of ['utf8', 'base64', 'hex'] as const)
      expect(text).not.toContain(Buffer.from(VALUE).toString(encoding));
    expect(readdirSync(join(vault.vaultFile, '..')).toSorted()).toEqual(['controlzero.vault', 'controlzero.vault.key']);
  });

  test('seals the same value anew each time', async () => {
    const vault = await newVault({ a: VALUE, b: VALUE });
    await setSecret('a', VALUE, vault);
    const { secrets, seal } = documentOf(vault);
    await setSecret('a', VALUE, vault);
    const after = documentOf(vault);
    const sealed = [...secrets, ...after.secrets].map((row) => row.sealed.slice(0, 40));
    expect(new Set([...sealed, seal, after.seal]).size).toBe(6);
  });

  test('is read again when it was edited', async () => {
    const vault = await newVault({ openai: VALUE });
    const cz = await clientOf(vault, { refreshInterval: 0.02 });
    const events: SecretEvent[] = [];
    cz.onSecret((event) => events.push(event));
    await setSecret('openai', 'sk-rotated-0123456789', vault);
    await expect.poll(() => events.length).toBe(1);
    expect(cz.getSecret('openai')).toBe('sk-rotated-0123456789');
    expect(events).toMatchObject([{ type: 'secret-rotated', name: 'openai' }]);
  });

  test('makes the client look every 2 seconds, also beside a policy given in code', async () => {
    const vault = await newVault({ openai: VALUE });
    const cz = await clientOf(vault);
    const { nextAttemptAt, lastAttemptAt } = cz.status();
    expect((nextAttemptAt ?? 0) - (lastAttemptAt ?? 0)).toBeGreaterThanOrEqual(2000);
    expect((nextAttemptAt ?? 0) - (lastAttemptAt ?? 0)).toBeLessThan(10_000);
  });
});

describe('editing a vault', () => {
  test('sets, lists and removes by name', async () => {
    const vault = await newVault();
    expect(await listSecrets(vault)).toEqual([]);
    expect(await setSecret('openai', VALUE, vault)).toMatchObject({ name: 'openai', version: 1 });
    expect(await setSecret('__proto__', VALUE, vault)).toMatchObject({ name: '__proto__', version: 1 });
    const second = await setSecret('openai', 'another', vault);
    expect(second.version).toBe(2);
    expect(new Date(second.updatedAt).toISOString()).toBe(second.updatedAt);
    expect((await listSecrets(vault)).map(({ name, version }) => [name, version])).toEqual([
      ['openai', 2],
      ['__proto__', 1],
    ]);
    expect(JSON.stringify(await listSecrets(vault))).not.toContain('another');
    expect([await removeSecret('openai', vault), await removeSecret('openai', vault)]).toEqual([true, false]);
    expect((await listSecrets(vault)).map(({ name }) => name)).toEqual(['__proto__']);
  });

  test('loses nothing when many edit at once', async () => {
    const vault = await newVault();
    const names = Array.from({ length: 12 }, (_, index) => `secret-${index}`);
    await Promise.all(names.map(async (name) => setSecret(name, VALUE, vault)));
    expect((await listSecrets(vault)).map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    expect(existsSync(`${vault.vaultFile}.lock`)).toBe(false);
  });

  test('gives up on a lock that does not go away, and says so', async () => {
    const vault = await newVault();
    writeFileSync(`${vault.vaultFile}.lock`, '');
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    let isOver = false;
    const waiting = rejectionOf(setSecret('openai', VALUE, vault)).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(25);
    }
    expect(await waiting).toBeInstanceOf(ConfigurationError);
    expect(String(await waiting)).toContain('remove the lock');
    expect(await listSecrets(vault)).toEqual([]);
    rmSync(`${vault.vaultFile}.lock`);
    await setSecret('openai', VALUE, vault);
    expect(await listSecrets(vault)).toHaveLength(1);
  });

  test.each<readonly [string, string, unknown]>([
    ['a name with a slash', 'a/b', VALUE],
    ['no value', 'a', ''],
    ['a value over 64 KiB', 'a', 'x'.repeat(65_537)],
    ['half a character', 'a', `${VALUE}\uD800`],
    ['no text', 'a', { toString: () => VALUE }],
  ])('refuses %s, without showing the value', async (_, name, value) => {
    const vault = await newVault();
    const error = (await rejectionOf(setSecret(name, value as string, vault))) as Error;
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).not.toContain(VALUE);
    expect(await listSecrets(vault)).toEqual([]);
  });

  test('is made with its first secret, or not at all', async () => {
    const folder = temporaryFolder();
    const vaultFile = join(folder, 'controlzero.vault');
    await rejectionOf(setSecret('a', '', { vaultFile, create: true }));
    expect(readdirSync(folder)).toEqual([]);
    expect(await setSecret('a', VALUE, { vaultFile, create: true })).toMatchObject({ name: 'a', version: 1 });
    await expect(setSecret('b', VALUE, { vaultFile, create: true })).rejects.toThrow('nothing was changed.');
    expect((await listSecrets({ vaultFile })).map(({ name }) => name)).toEqual(['a']);
  });

  test('leaves no new key behind when it cannot be sealed', async () => {
    const folder = temporaryFolder();
    const vaultFile = join(folder, 'controlzero.vault');
    // What a rotation left, and everybody may read.
    writeFileSync(`${vaultFile}.key.next`, '', { mode: 0o644 });
    for (const made of [setSecret('a', VALUE, { vaultFile, create: true }), createVault({ vaultFile })])
      expect(String(await rejectionOf(made))).toContain('is open to others than its owner');
    expect(readdirSync(folder)).toEqual(['controlzero.vault.key.next']);
  });

  test('makes no vault over another one', async () => {
    const vault = await newVault({ openai: VALUE });
    await expect(createVault(vault)).rejects.toThrow('is there already; nothing was changed.');
    expect(await listSecrets(vault)).toHaveLength(1);
  });

  test('says which file cannot be written', async () => {
    const folder = temporaryFolder();
    const nowhere = join(folder, 'absent', 'controlzero.vault');
    await expect(createVault({ vaultFile: nowhere })).rejects.toThrow(
      `The lock ${nowhere}.lock cannot be made (ENOENT).`,
    );
    const vaultKeyFile = join(folder, 'absent', 'key');
    const error = await rejectionOf(createVault({ vaultFile: join(folder, 'controlzero.vault'), vaultKeyFile }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain(`The file ${vaultKeyFile} cannot be written (ENOENT).`);
    mkdirSync(vaultKeyFile, { recursive: true });
    writeFileSync(join(vaultKeyFile, 'full'), '');
    await rejectionOf(createVault({ vaultFile: join(folder, 'controlzero.vault'), vaultKeyFile }));
    expect(readdirSync(folder)).toEqual(['absent']);
    expect(readdirSync(join(folder, 'absent'))).toEqual(['key']);
  });

  test('makes no key where the environment has one', async () => {
    setVariable('CONTROLZERO_VAULT_KEY', Buffer.alloc(32, 7).toString('base64'));
    const vault = await newVault({ openai: VALUE });
    expect(existsSync(vault.vaultKeyFile)).toBe(false);
    expect((await clientOf(vault)).getSecret('openai')).toBe(VALUE);
  });
});

describe('the key of a vault', () => {
  test('in a file is changed by rotation, and the old one opens nothing any more', async () => {
    const vault = await newVault({ openai: VALUE, other: 'other-value' });
    const cz = await clientOf(vault, { refreshInterval: 0.02 });
    const [oldKey, oldId] = [readFileSync(vault.vaultKeyFile, 'utf8'), documentOf(vault).keyId];
    const before = cz.status().secrets?.revision;
    await rotateVaultKey(vault);
    expect(readFileSync(vault.vaultKeyFile, 'utf8')).not.toBe(oldKey);
    expect(documentOf(vault).keyId).not.toBe(oldId);
    expect(statSync(vault.vaultKeyFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(vault.vaultFile, '..'))).toHaveLength(2);
    await expect.poll(() => cz.status().secrets?.revision).not.toBe(before);
    expect(cz.getSecret('openai')).toBe(VALUE);
    setVariable('CONTROLZERO_VAULT_KEY', oldKey);
    expect(await rejectionOf(listSecrets(vault))).toMatchObject({ reasonCode: 'WRONG_KEY' });
  });

  test.each(['before the vault', 'after the vault'])(
    'survives a rotation that was stopped %s was written',
    async (moment) => {
      const vault = await newVault({ openai: VALUE });
      const oldKey = readFileSync(vault.vaultKeyFile, 'utf8');
      const oldVault = readFileSync(vault.vaultFile, 'utf8');
      await rotateVaultKey(vault);
      // What is there at that moment: the new key beside the old one.
      writeFileSync(`${vault.vaultKeyFile}.next`, readFileSync(vault.vaultKeyFile), { mode: 0o600 });
      writeFileSync(vault.vaultKeyFile, oldKey);
      if (moment === 'before the vault') writeFileSync(vault.vaultFile, oldVault);
      expect(await listSecrets(vault)).toHaveLength(1);
      expect((await clientOf(vault)).getSecret('openai')).toBe(VALUE);
      await rotateVaultKey(vault);
      expect(await listSecrets(vault)).toHaveLength(1);
      expect(readdirSync(join(vault.vaultFile, '..'))).toHaveLength(2);
    },
  );

  test('in the environment is changed with both at hand', async () => {
    const [one, two] = [3, 4].map((fill) => Buffer.alloc(32, fill).toString('base64'));
    setVariable('CONTROLZERO_VAULT_KEY', one);
    const vault = await newVault({ openai: VALUE });
    await expect(rotateVaultKey(vault)).rejects.toThrow('Set CONTROLZERO_VAULT_NEXT_KEY');
    setVariable('CONTROLZERO_VAULT_NEXT_KEY', one);
    await expect(rotateVaultKey(vault)).rejects.toThrow('Set CONTROLZERO_VAULT_NEXT_KEY');
    setVariable('CONTROLZERO_VAULT_NEXT_KEY', two);
    expect(await listSecrets(vault)).toHaveLength(1);
    await rotateVaultKey(vault);
    expect(await listSecrets(vault)).toHaveLength(1);
    setVariable('CONTROLZERO_VAULT_KEY', two);
    setVariable('CONTROLZERO_VAULT_NEXT_KEY', undefined);
    expect(await listSecrets(vault)).toHaveLength(1);
    setVariable('CONTROLZERO_VAULT_KEY', one);
    const error = (await rejectionOf(listSecrets(vault))) as SecretUnavailableError;
    expect(error.message).toMatch(
      /^The vault is sealed with key [\da-f]{16}; CONTROLZERO_VAULT_KEY holds key [\da-f]{16}\.$/u,
    );
  });

  test('is asked for when there is none', async () => {
    const vault = await newVault({ openai: VALUE });
    rmSync(vault.vaultKeyFile);
    const error = (await rejectionOf(clientOf(vault))) as SecretUnavailableError;
    expect(error).toMatchObject({ name: 'SecretUnavailableError', reasonCode: 'WRONG_KEY' });
    expect(error.message).toContain('CONTROLZERO_VAULT_KEY is not set, and ');
  });

  test.each(['644', '640', '604', '602'])('is not taken from a file with mode %s', async (mode) => {
    const vault = await newVault({ openai: VALUE });
    chmodSync(vault.vaultKeyFile, Number.parseInt(mode, 8));
    await expect(clientOf(vault)).rejects.toThrow(`Run: chmod 600 ${vault.vaultKeyFile}`);
  });

  test.each<readonly [string, string]>([
    ['short', Buffer.alloc(31, 1).toString('base64')],
    ['long', Buffer.alloc(33, 1).toString('base64')],
    ['hexadecimal', Buffer.alloc(32, 0xab).toString('hex')],
    ['a passphrase', 'correct horse battery staple'],
  ])('that is %s is refused without being shown', async (_, key) => {
    const vault = await newVault({ openai: VALUE });
    writeFileSync(vault.vaultKeyFile, key);
    const error = (await rejectionOf(listSecrets(vault))) as Error;
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).not.toContain(key);
  });

  test('that cannot be read says so', async () => {
    const vault = await newVault({ openai: VALUE });
    rmSync(vault.vaultKeyFile);
    mkdirSync(vault.vaultKeyFile, { mode: 0o700 });
    await expect(listSecrets(vault)).rejects.toThrow(/EISDIR/u);
    rmSync(vault.vaultKeyFile, { recursive: true });
    writeFileSync(join(vault.vaultKeyFile, '..', 'plain'), '');
    await expect(
      listSecrets({ ...vault, vaultKeyFile: join(vault.vaultKeyFile, '..', 'plain', 'key') }),
    ).rejects.toThrow('cannot be read (ENOTDIR)');
  });
});
