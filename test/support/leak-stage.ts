import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import type { ControlZeroOptions, PolicyDocument } from '../../src/index.ts';
import { ControlZero } from '../../src/index.ts';
import type { VaultPaths } from '../../src/node/index.ts';
import { createVault, setSecret } from '../../src/node/index.ts';
import type { TestControlPlane } from '../../src/testing/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import type { Canary } from './canaries.ts';
import type { Exposed } from './leak-sinks.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The secret that must not get out. Every encoding of it looks different. */
export const SECRET = 'sk-canary/Zx9+"ä-qW7&eR5%tY3=uI1~oP8pA6sD4fG2';
/** The API key that must not get out. */
export const API_KEY = 'cz_live_canary0f1e2d3c4b5a69788796a5b4c3d2e1f0';
/** What is looked for. */
export const CANARIES: readonly Canary[] = [
  { name: 'secret', value: SECRET },
  { name: 'API key', value: API_KEY },
];

const policy: PolicyDocument = {
  rules: [
    { effect: 'allow', action: 'secret.read', resource: 'secret/openai' },
    { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
  ],
};

/** A client, and everything that gets out of it. */
export interface LeakStage {
  readonly cz: ControlZero;
  readonly vault: VaultPaths;
  /** Only for stages with a control plane. */
  readonly plane?: TestControlPlane;
  /** What must not get out. */
  readonly canaries: readonly Canary[];
  readonly folder: string;
  /** Runs something, and keeps what it throws or rejects with. */
  attempt(run: () => unknown): Promise<void>;
  /** Everything that is exposed up to now. */
  exposed(): Promise<Exposed>;
}

function listenToWarnings(lines: string[]): void {
  const hear = (warning: Error): void => void lines.push(`${warning.name}: ${warning.message}\n${warning.stack}`);
  process.on('warning', hear);
  onTestFinished(() => void process.off('warning', hear));
}

/** Makes a client on a vault file that holds the canary. Nothing is initialized yet. */
export async function leakStage(options: ControlZeroOptions = {}): Promise<LeakStage> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'cache'));
  const vault = await createVault({ vaultFile: join(folder, 'controlzero.vault') });
  await setSecret('openai', SECRET, vault);
  await setSecret('stored', SECRET, vault);
  const lines: string[] = [];
  listenToWarnings(lines);
  const log = (message: string): void => void lines.push(message);
  const cz = new ControlZero({
    policy,
    secretsEnabled: true,
    apiKey: API_KEY,
    cacheDir: join(folder, 'cache'),
    agentId: 'canary-test',
    logger: { debug: log, info: log, warn: log, error: log },
    ...vault,
    ...options,
  });
  onTestFinished(async () => cz.close());
  const [errors, events]: [unknown[], unknown[]] = [[], []];
  for (const listen of ['onDecision', 'onPolicy', 'onStatus', 'onSecret'] as const) {
    cz[listen]((event: unknown) => void events.push(event));
  }
  return {
    cz,
    vault,
    folder,
    canaries: CANARIES,
    attempt: async (run) => {
      try {
        await run();
      } catch (error) {
        errors.push(error);
      }
    },
    exposed: async () => {
      await cz.flush();
      // Process warnings come in the next turn.
      await new Promise((resolve) => setImmediate(resolve));
      return { client: cz, errors, events, lines, folder, status: cz.status() };
    },
  };
}

/** The same with a control plane in place of the files. */
export async function hostedLeakStage(options: ControlZeroOptions = {}): Promise<LeakStage> {
  const plane = await startTestControlPlane({ policy, secrets: { openai: SECRET, stored: SECRET } });
  onTestFinished(async () => plane.close());
  const { apiKey, url: baseUrl } = plane;
  const hosted = { apiKey, baseUrl, policy: undefined, vaultFile: undefined, hints: false, ...options };
  const stage = await leakStage(hosted as ControlZeroOptions);
  return { ...stage, plane, canaries: [...CANARIES, { name: 'API key of the plane', value: apiKey }] };
}
