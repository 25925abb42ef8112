import { chmodSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ControlZeroOptions, PolicySource, SecretsSource } from '../../src/index.ts';
import { PolicyUnavailableError, SecretUnavailableError, modelRequest } from '../../src/index.ts';
import { inlineSource } from '../../src/sources/inline.ts';
import { createKeyText } from '../../src/node/vault-key.ts';
import { setSecret } from '../../src/node/index.ts';
import type { LeakStage } from './leak-stage.ts';
import { API_KEY, SECRET } from './leak-stage.ts';

/** One way to fail. */
export interface LeakFailure {
  readonly options?: ControlZeroOptions;
  provoke(stage: LeakStage): Promise<void>;
}

/** What a network library hangs onto its errors. */
function loadedError(): Error {
  const headers = new Headers({ authorization: `Bearer ${API_KEY}` });
  return Object.assign(
    new Error(`GET https://vault/?key=${encodeURIComponent(SECRET)} failed`, { cause: new Error(SECRET) }),
    {
      code: 'ECONNRESET',
      config: { headers: { authorization: `Bearer ${API_KEY}` }, data: JSON.stringify({ value: SECRET }) },
      request: { headers },
      response: new Response(SECRET, { headers }),
    },
  );
}

const failing = (thrown: () => unknown): SecretsSource => ({
  kind: 'failing',
  refreshIntervalMs: 0,
  read: async () => {
    throw thrown();
  },
});

/** A policy source that works once, and then tells everything it knows. */
function talkative(): PolicySource {
  let reads = 0;
  return {
    kind: 'talkative',
    refreshIntervalMs: 0,
    read: async (options) => {
      reads += 1;
      if (reads % 2 === 1) return inlineSource({ rules: [] }).read(options);
      throw new PolicyUnavailableError({ message: `No policy for ${API_KEY} or ${SECRET}`, cause: loadedError() });
    },
  };
}

async function read(stage: LeakStage, name = 'openai'): Promise<void> {
  await stage.attempt(() => {
    stage.cz.getSecret(name);
  });
}

/** Initializes, and reads the secret. */
export async function startAndRead(stage: LeakStage): Promise<void> {
  await stage.attempt(async () => stage.cz.initialize());
  await read(stage);
}

/** Begins well, and fails when it is read again. */
export const later = (
  spoil: (stage: LeakStage) => void | Promise<void>,
  options?: ControlZeroOptions,
): LeakFailure => ({
  ...(options && { options }),
  provoke: async (stage) => {
    await startAndRead(stage);
    await spoil(stage);
    await stage.attempt(async () => stage.cz.refresh());
    await read(stage);
  },
});

/** As `later`, with a vault that has changed as well: the key is not asked for otherwise. */
const laterByKey = (spoil: (stage: LeakStage) => void): LeakFailure =>
  later(async (stage) => {
    await setSecret('more', SECRET, stage.vault);
    spoil(stage);
  });

/** As `later`, for a vault that was spoiled with the secret itself: the file is no leak of ours. */
const spoiled = (spoil: (stage: LeakStage) => void): LeakFailure => ({
  provoke: async (stage) => {
    await later(spoil).provoke(stage);
    rmSync(stage.vault.vaultFile);
  },
});

function swapRows({ vault: { vaultFile } }: LeakStage): void {
  const document = JSON.parse(readFileSync(vaultFile, 'utf8')) as { secrets: { sealed: string }[] };
  const [one, two] = document.secrets as [{ sealed: string }, { sealed: string }];
  [one.sealed, two.sealed] = [two.sealed, one.sealed];
  writeFileSync(vaultFile, JSON.stringify(document));
}

const loaded = { secretsSource: failing(loadedError) };

/** Ways to fail without a control plane. */
export const LOCAL_FAILURES: Readonly<Record<string, LeakFailure>> = {
  'no failure at all': { provoke: startAndRead },
  'the wrong key': laterByKey(({ vault }) => writeFileSync(vault.vaultKeyFile, createKeyText())),
  'the wrong key at start': {
    provoke: async (stage) => {
      writeFileSync(stage.vault.vaultKeyFile, createKeyText());
      await startAndRead(stage);
    },
  },
  'the secret in place of the key': laterByKey(({ vault }) => writeFileSync(vault.vaultKeyFile, SECRET)),
  'a key file that others may read': laterByKey(({ vault }) => chmodSync(vault.vaultKeyFile, 0o644)),
  'a truncated vault': later(({ vault }) => truncateSync(vault.vaultFile, 300)),
  'rows that were exchanged': later(swapRows),
  'the secret in place of the vault': spoiled(({ vault }) => writeFileSync(vault.vaultFile, SECRET)),
  'the secret in a broken vault': spoiled(({ vault }) =>
    writeFileSync(vault.vaultFile, JSON.stringify({ [SECRET]: SECRET, format: SECRET })),
  ),
  'no vault': later(({ vault }) => rmSync(vault.vaultFile)),
  'values past their time': later(({ vault }) => rmSync(vault.vaultFile), { secretTtl: 0 }),
  'a rotation': later(async ({ vault }) => void (await setSecret('openai', `${SECRET}-rotated`, vault))),
  'a closed client': {
    provoke: async (stage) => {
      await startAndRead(stage);
      await stage.cz.close();
      await read(stage);
      await stage.attempt(async () => stage.cz.initialize());
    },
  },
  'a read before the start': { provoke: async (stage) => read(stage) },
  'an unknown name': {
    provoke: async (stage) => {
      await startAndRead(stage);
      await read(stage, 'unknown');
    },
  },
  'a denied name': {
    provoke: async (stage) => {
      await startAndRead(stage);
      await read(stage, 'stored');
    },
  },
  'the secret in place of its name': {
    provoke: async (stage) => {
      await startAndRead(stage);
      await read(stage, SECRET);
      await read(stage, API_KEY);
    },
  },
  'the secret in place of a model': {
    provoke: async (stage) => {
      await startAndRead(stage);
      for (const model of [SECRET, API_KEY, `prefix/${SECRET}`, encodeURIComponent(SECRET)]) {
        const request = modelRequest({ action: 'llm.generate', model });
        await stage.attempt(async () => stage.cz.enforce(request));
        stage.cz.evaluate({ ...request, context: { agent_id: SECRET } });
      }
    },
  },
  'listeners that throw the secret': {
    provoke: async (stage) => {
      await startAndRead(stage);
      stage.cz.onDecision(() => {
        throw loadedError();
      });
      stage.cz.onDecision(async () => Promise.reject(new Error(SECRET)));
      stage.cz.onStatus(() => {
        // Whoever throws no error either.
        throw SECRET; // oxlint-disable-line no-throw-literal
      });
      await read(stage);
      await stage.cz.close();
    },
  },
  'a logger that was told the secret': {
    provoke: async (stage) => {
      await startAndRead(stage);
      const { logger } = stage.cz;
      for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level](`A key: ${SECRET}, ${API_KEY}`);
    },
  },
  'an error of a network library': { options: loaded, provoke: startAndRead },
  'a thrown text': { options: { secretsSource: failing(() => SECRET) }, provoke: startAndRead },
  'a refused API key': {
    options: {
      secretsSource: failing(
        () => new SecretUnavailableError({ reasonCode: 'REVOKED', message: `Refused: ${API_KEY}` }),
      ),
    },
    provoke: startAndRead,
  },
  'a policy source that shows the secret': later(() => undefined, { policy: undefined as never, source: talkative() }),
  'a policy that holds the API key': {
    options: { policy: { rules: [{ effect: API_KEY as never, action: 'a', resource: 'b' }], name: API_KEY } },
    provoke: startAndRead,
  },
  'an unreadable policy file of that name': {
    options: { policy: undefined as never, policyFile: join('/nowhere', API_KEY) },
    provoke: startAndRead,
  },
};
