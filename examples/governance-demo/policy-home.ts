import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ControlZeroOptions, PolicyDocument } from '@controlzero/sdk';
import { startTestControlPlane } from '@controlzero/sdk/testing';
import { parse } from 'yaml';

/** Where the policy of a chapter is kept, and how a client finds it there. */
export interface PolicyHome {
  readonly options: ControlZeroOptions;
  /** Puts another policy, as the text of a policy file, in place of it. */
  edit(text: string): Promise<void>;
  close(): Promise<void>;
}

/** In the working folder or in code, as an application without a server has it. */
export async function localHome(policy: PolicyDocument | string): Promise<PolicyHome> {
  const folder = await mkdtemp(join(tmpdir(), 'controlzero-demo-'));
  const policyFile = join(folder, 'controlzero.yaml');
  const edit = async (text: string): Promise<void> => writeFile(policyFile, text);
  if (typeof policy === 'string') await edit(policy);
  return {
    options: typeof policy === 'string' ? { policyFile, refreshInterval: 0.2 } : { policy },
    edit,
    close: async () => rm(folder, { recursive: true }),
  };
}

/** On a control plane, which runs on this machine and signs what it hands out. */
export async function hostedHome(policy: PolicyDocument | string): Promise<PolicyHome> {
  const read = (text: string): PolicyDocument => parse(text) as PolicyDocument;
  const plane = await startTestControlPlane({ policy: typeof policy === 'string' ? read(policy) : policy });
  const cacheDir = await mkdtemp(join(tmpdir(), 'controlzero-demo-'));
  return {
    options: { apiKey: plane.apiKey, baseUrl: plane.url, cacheDir },
    edit: async (text) => plane.publish(read(text)),
    close: async () => {
      await plane.close();
      await rm(cacheDir, { recursive: true });
    },
  };
}
