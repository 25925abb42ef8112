import type { ControlPlaneFault, TestControlPlane } from '../../src/testing/index.ts';
import type { LeakFailure } from './leak-failures.ts';
import { later, startAndRead } from './leak-failures.ts';
import type { LeakStage } from './leak-stage.ts';
import { API_KEY, SECRET } from './leak-stage.ts';

function planeOf({ plane }: LeakStage): TestControlPlane {
  if (plane) return plane;
  throw new Error('This failure needs a control plane.');
}

const answering = (fault: ControlPlaneFault): LeakFailure =>
  later((stage) => void planeOf(stage).inject(fault, { route: 'any', times: Infinity }));

const answeringForSecrets = (fault: ControlPlaneFault): LeakFailure =>
  later((stage) => void planeOf(stage).inject(fault, { route: 'secrets', times: Infinity }));

const withOptions = (options: NonNullable<LeakFailure['options']>): LeakFailure => ({ options, provoke: startAndRead });

/** Ways to fail with a control plane. */
export const HOSTED_FAILURES: Readonly<Record<string, LeakFailure>> = {
  'no failure of a control plane': { provoke: startAndRead },
  '401': answering({ kind: 'status', status: 401 }),
  '403': answering({ kind: 'status', status: 403 }),
  '403 for the secrets': answeringForSecrets({ kind: 'status', status: 403 }),
  '404 for the secrets': answeringForSecrets({ kind: 'status', status: 404 }),
  '429': answering({ kind: 'status', status: 429, retryAfter: SECRET }),
  '500': answering({ kind: 'status', status: 500 }),
  'no answer in time': answering({ kind: 'hang-before-headers' }),
  'a reset connection': answering({ kind: 'reset' }),
  'half an answer': answeringForSecrets({ kind: 'truncate' }),
  'a wrong length': answeringForSecrets({ kind: 'wrong-length' }),
  'a web page': answering({ kind: 'html' }),
  'a redirect that shows the key': answering({ kind: 'redirect', location: `http://localhost/${API_KEY}` }),
  'large headers': answering({ kind: 'large-headers' }),
  'a revoked key': later((stage) => planeOf(stage).revokeApiKey()),
  'an unknown signer': later(async (stage) => planeOf(stage).rotateKeys({ announced: false })),
  'a changed secret': later((stage) => planeOf(stage).setSecret('openai', `${SECRET}-rotated`)),
  'secrets one by one that cannot be read': {
    options: { secrets: ['openai', SECRET] },
    provoke: async (stage) => {
      planeOf(stage).inject({ kind: 'status', status: 404 }, { route: 'secrets', times: Infinity });
      await startAndRead(stage);
      planeOf(stage).inject({ kind: 'html' }, { route: 'secret', times: Infinity });
      await stage.attempt(async () => stage.cz.refresh());
    },
  },
  'a key with a line break': withOptions({ apiKey: `${API_KEY}\n${SECRET}` }),
  'a key with letters that no header takes': withOptions({ apiKey: `${API_KEY}ä` }),
  'a URL that holds the key': withOptions({ baseUrl: `https://user:${API_KEY}@localhost/` }),
  'a URL that is none': withOptions({ baseUrl: `no url ${API_KEY}` }),
  'nobody who listens': withOptions({ apiKey: API_KEY, baseUrl: 'http://127.0.0.1:9' }),
  'a project of another key': withOptions({ projectId: API_KEY }),
};
