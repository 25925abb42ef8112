import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { LocalProvider } from '@controlzero/sdk/testing';
import { startLocalProvider } from '@controlzero/sdk/testing';

import { SESSION_SECRET } from './requests.ts';
import type { RunningApp } from './start-app.ts';
import { startApp } from './start-app.ts';

/** The built application, a provider that counts, and a policy file that can be edited. */
export interface Stage extends AsyncDisposable {
  readonly app: RunningApp;
  readonly provider: LocalProvider;
  /** Replaces the policy file, as an editor or a deployment does. */
  readonly writePolicy: (text: string) => void;
  /** The models that were asked since `reset`, in order. */
  readonly models: () => readonly (string | undefined)[];
}

/** Starts everything on this machine. Without a policy there is no file at first. */
export async function openStage(command: 'dev' | 'start', policy?: string): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'nextjs-route-policy-'));
  const file = join(folder, 'controlzero.yaml');
  const writePolicy = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  if (policy !== undefined) writePolicy(policy);
  const provider = await startLocalProvider({ reply: ({ model }) => `Answer of ${model}.` });
  const app = await startApp(command, {
    CONTROLZERO_POLICY_FILE: file,
    CONTROLZERO_REFRESH_INTERVAL: '0.5',
    OPENAI_API_KEY: 'local',
    OPENAI_BASE_URL: provider.baseURL,
    SESSION_SECRET,
  });
  const dispose = async (): Promise<void> => {
    await app[Symbol.asyncDispose]();
    await provider.close();
    rmSync(folder, { recursive: true });
  };
  return {
    app,
    provider,
    writePolicy,
    models: () => provider.modelRequests.map(({ model }) => model),
    [Symbol.asyncDispose]: dispose,
  };
}
