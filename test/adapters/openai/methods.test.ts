import type { ClientOptions } from 'openai';
import { OpenAI } from 'openai';
import { OpenAI as OpenAI6 } from 'openai-6';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import { renderMethods, writtenMethods } from '../../../scripts/generate-openai-methods.ts';
import type { ControlZero } from '../../../src/index.ts';
import { findPolicyDenied } from '../../../src/index.ts';
import type { LocalProvider } from '../../../src/testing/index.ts';
import { createTestControlZero, startLocalProvider } from '../../../src/testing/index.ts';
import { methodsOf, namesOfGoverned, namesOfPassing } from '../../support/openai-methods.ts';

const MAJORS = [
  { major: 7, make: (options: ClientOptions): object => new OpenAI(options) },
  { major: 6, make: (options: ClientOptions): object => new OpenAI6(options as never) },
];
const WHAT_TO_DO =
  'Decide whether each is governed or passes, add it to test/support/openai-methods.ts, and run "npm run methods".';

let cz: ControlZero;
let provider: LocalProvider;

beforeAll(async () => {
  ({ cz } = await createTestControlZero({ rules: [{ effect: 'deny', action: '*', resource: '*' }] }));
  provider = await startLocalProvider();
});

afterAll(async () => {
  await provider.close();
});

const FILE = new File(['{}'], 'file.jsonl');

// Whatever id a path needs is there, and a body that every route could take.
function genericParameters(): object {
  const content = { model: 'gpt-4', messages: [{ role: 'user', content: 'Hello' }], input: 'Hello', prompt: 'Hello' };
  const parameters = {
    ...content,
    name: 'name',
    thread_id: 'id_1',
    file: FILE,
    files: [FILE],
    image: FILE,
    purpose: 'batch',
    tools: [],
  };
  return new Proxy(parameters, {
    get: (target, key) => {
      if (Object.hasOwn(target, key)) return Reflect.get(target, key) as unknown;
      return typeof key === 'string' && /_(?:id|key|name|checkpoint)$/u.test(key) ? 'id_1' : undefined;
    },
  });
}

const CALL = { method: 'post', path: '/chat/completions', body: { model: 'gpt-4', messages: [] } };
const { body: CALL_BODY, path: CALL_PATH } = CALL;
const ONE_PAUSE = new Headers({ 'retry-after-ms': '1' });

const AnyPage = Array;

function listModels(): readonly unknown[] {
  return [`${provider.baseURL}/models`, { method: 'get', headers: new Headers() }, 5000, new AbortController()];
}

/** Arguments of the methods that take a route or something else of their own. */
const ARGUMENTS: Readonly<Record<string, readonly unknown[] | (() => readonly unknown[])>> = {
  fetch: listModels,
  fetchWithAuth: listModels,
  fetchWithTimeout: listModels,
  post: [CALL_PATH, { body: CALL_BODY }],
  put: [CALL_PATH, { body: CALL_BODY }],
  patch: [CALL_PATH, { body: CALL_BODY }],
  get: ['/models', CALL],
  delete: [CALL_PATH, { body: CALL_BODY }],
  request: [CALL],
  methodRequest: ['post', CALL_PATH, { body: CALL_BODY }],
  makeRequest: [CALL, 0, undefined],
  retryRequest: [CALL, 1, 'log_1', ONE_PAUSE],
  getAPIList: [CALL_PATH, AnyPage, { method: 'post', body: CALL_BODY }],
  requestAPIList: [AnyPage, CALL],
  'beta.agents.environments.files.prepare': [{ '/workspace/file.jsonl': FILE }],
  'beta.agents.environments.files.upload': ['id_1', { path: '/workspace/file.jsonl', file: FILE }],
};

function argumentsFor(name: string): readonly (readonly unknown[])[] {
  const own = ARGUMENTS[name];
  if (own) return [typeof own === 'function' ? own() : own];
  const rest = [genericParameters(), { pollIntervalMs: 1 }];
  return [rest, ['id_1', ...rest], ['id_1', 'id_1', ...rest], ['id_1', 'id_1', 'id_1', ...rest]];
}

// Helpers that wait for a status would ask for ever.
function fewRequests(): typeof fetch {
  let requests = 0;
  return async (input, init) => {
    requests += 1;
    if (requests > 10) throw new Error('Enough for one method.');
    return fetch(input, init);
  };
}

function hasMethod<Name extends string | symbol>(value: unknown, name: Name): value is Record<Name, () => unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';
}

// Calls, event streams and streams that start when they are read.
async function settle(result: unknown): Promise<void> {
  if (result instanceof Promise) await result;
  else if (hasMethod(result, 'done')) await result.done();
  else if (hasMethod(result, Symbol.asyncIterator))
    await (result[Symbol.asyncIterator]() as AsyncIterator<unknown>).next();
}

interface Behaviour {
  readonly isDenied: boolean;
  readonly isSent: boolean;
  readonly modelRequests: number;
}

async function call(client: object, name: string, parameters: readonly unknown[]): Promise<unknown> {
  const owner = name
    .split('.')
    .slice(0, -1)
    .reduce<object>((at, key) => Reflect.get(at, key) as object, client);
  const method = Reflect.get(owner, name.split('.').at(-1) ?? '') as (...given: readonly unknown[]) => unknown;
  try {
    await settle(Reflect.apply(method, owner, parameters));
    return undefined;
  } catch (error) {
    return error;
  }
}

async function behaviourOf(client: object, name: string): Promise<Behaviour> {
  provider.reset();
  const errors: unknown[] = [];
  for (const parameters of argumentsFor(name)) errors.push(await call(client, name, parameters));
  return {
    isDenied: errors.some((error) => findPolicyDenied(error) !== undefined),
    isSent: provider.requests.length > 0,
    modelRequests: provider.modelRequests.length,
  };
}

test('the list in docs/openai.md is the one that is kept', () => {
  // The formatter pads tables. When they differ, "npm run methods" writes the list anew.
  const plain = (text: string): string => text.replaceAll(/ +\| ?|\| +/gu, '|').replaceAll(/-{3,}/gu, '---');
  expect(plain(writtenMethods() ?? 'The markers are missing.')).toBe(plain(renderMethods()));
});

test('no method is on both sides or listed twice', () => {
  const names = [...namesOfGoverned(), ...namesOfPassing()];
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('every listed method exists in a major version', () => {
  const existing = new Set(MAJORS.flatMap(({ make }) => methodsOf(make({ apiKey: 'none' }))));
  expect([...namesOfGoverned(), ...namesOfPassing()].filter((name) => !existing.has(name))).toEqual([]);
});

describe.each(MAJORS)('methods of openai $major', ({ major, make }) => {
  const listed = new Set([...namesOfGoverned(), ...namesOfPassing()]);
  const client = (): object => {
    const keys = { apiKey: 'none', adminAPIKey: 'none' };
    return wrapOpenAI(make({ ...keys, baseURL: provider.baseURL, maxRetries: 0, fetch: fewRequests() }) as OpenAI, cz);
  };
  const namesOf = (names: readonly string[]): string[] => {
    const existing = new Set(methodsOf(client()));
    return names.filter((name) => existing.has(name));
  };

  test('are all listed as governed or passing', () => {
    const unlisted = methodsOf(make({ apiKey: 'none' })).filter((name) => !listed.has(name));
    expect(unlisted.length === 0 ? '' : `${unlisted.join(', ')}: ${WHAT_TO_DO}`).toBe('');
  });

  test('are all there on a wrapped client', () => {
    expect(methodsOf(client()).toSorted()).toEqual(methodsOf(make({ apiKey: 'none' })).toSorted());
  });

  test('are denied where they are governed, and make no model run', async () => {
    const names = namesOf(namesOfGoverned());
    const wrong: string[] = [];
    for (const name of names) {
      const { isDenied, modelRequests } = await behaviourOf(client(), name);
      if (!isDenied || modelRequests > 0) wrong.push(`${name}: denied ${isDenied}, model requests ${modelRequests}`);
    }
    expect(wrong).toEqual([]);
    console.info(`openai ${major}: ${names.length} governed methods, all denied`);
  });

  test('are never denied where they pass, and make no governed call', async () => {
    const wrong: string[] = [];
    const silent: string[] = [];
    for (const name of namesOf(namesOfPassing())) {
      const { isDenied, isSent, modelRequests } = await behaviourOf(client(), name);
      if (isDenied || modelRequests > 0) wrong.push(`${name}: denied ${isDenied}, model requests ${modelRequests}`);
      if (!isSent) silent.push(name);
    }
    console.info(`openai ${major}: ${namesOf(namesOfPassing()).length} passing methods, ${silent.length} sent nothing`);
    expect(wrong).toEqual([]);
    expect(silent.toSorted()).toEqual(namesOf(namesOfPassing('Sends nothing')).toSorted());
  });
});
