import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { FailedAttempts } from '../../../adapters/ai-sdk/failed-attempts.ts';
import type { Decision } from '../../../src/index.ts';
import { ControlZero, runAs } from '../../../src/index.ts';

const decision: Decision = new ControlZero().evaluate({ action: 'llm.generate', resource: 'model/gpt-4' });
const retryable = Object.assign(new Error('The provider is down.'), { isRetryable: true });
const attempt = (params: object, more: object = {}) => ({ modelId: 'gpt-4', claimed: undefined, params, ...more });

describe('failed attempts', () => {
  let attempts: FailedAttempts;
  beforeEach(() => {
    attempts = new FailedAttempts();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const isRepetition = async (params: object, more: object = {}): Promise<boolean> =>
    (await attempts.take(attempt(params, more))) === decision;

  test('are repeated by an equal one, once each', async () => {
    await attempts.note(attempt({ prompt: ['a'] }), decision, retryable);
    await attempts.note(attempt({ prompt: ['a'] }), decision, retryable);
    expect(await isRepetition({ prompt: ['b'] })).toBe(false);
    expect(await isRepetition({ prompt: ['a'] })).toBe(true);
    expect(await isRepetition({ prompt: ['a'] })).toBe(true);
    expect(await isRepetition({ prompt: ['a'] })).toBe(false);
    expect(attempts.mayRepeat(attempt({ prompt: ['a'] }))).toBe(false);
  });

  test('cost a call of another length nothing, and nobody anything when they are a minute old', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const said = (text: string): object => ({ prompt: [{ role: 'user', content: [{ type: 'text', text }] }] });
    const mayRepeat = (params: object, more: object = {}): boolean => attempts.mayRepeat(attempt(params, more));
    await attempts.note(attempt(said('abc')), decision, retryable);
    expect(mayRepeat(said('abcd'))).toBe(false);
    expect(mayRepeat({ prompt: [] })).toBe(false);
    expect(mayRepeat({ values: ['abc'] })).toBe(false);
    expect(mayRepeat(said('abc'), { modelId: 'o3' })).toBe(false);
    expect(mayRepeat(said('xyz'))).toBe(true);
    expect(await isRepetition(said('xyz'))).toBe(false);
    expect(mayRepeat(said('abc'))).toBe(true);
    vi.setSystemTime(Date.now() + 61_000);
    expect(mayRepeat(said('abc'))).toBe(false);
  });

  test('of one length are told apart, and each is there until it was repeated', async () => {
    for (const prompt of ['a', 'b', 'b']) await attempts.note(attempt({ prompt }), decision, retryable);
    for (const prompt of ['b', 'a']) expect(await isRepetition({ prompt })).toBe(true);
    expect(await isRepetition({ prompt: 'a' })).toBe(false);
    expect(await isRepetition({ prompt: 'b' })).toBe(true);
    expect(attempts.mayRepeat(attempt({ prompt: 'b' }))).toBe(false);
  });

  test('know a file by its own bytes, wherever they lie', async () => {
    const pool = new Uint8Array([...new Uint8Array(64), 1, 2, 3, 1, 2, 4, 1, 2, 3]);
    const part = (from: number): object => ({ data: pool.subarray(from, from + 3) });
    await attempts.note(attempt(part(64)), decision, retryable);
    expect(await isRepetition(part(67))).toBe(false);
    expect(await isRepetition(part(70))).toBe(true);
    const long = (last: number): object => ({ data: Buffer.from([...new Uint8Array(500), last]) });
    await attempts.note(attempt(long(1)), decision, retryable);
    expect(await isRepetition(long(2))).toBe(true);
  });

  test('are those of one model, agent and file', async () => {
    const file = new Uint8Array([1, 2, 3]);
    await attempts.note(attempt({ data: file }), decision, retryable);
    expect(await isRepetition({ data: new Uint8Array([1, 2, 4]) })).toBe(false);
    expect(await isRepetition({ data: file }, { modelId: 'o3' })).toBe(false);
    expect(await isRepetition({ data: file }, { claimed: { agent_id: 'a' } })).toBe(false);
    expect(await runAs('a', async () => isRepetition({ data: file }))).toBe(false);
    expect(await isRepetition({ data: file, abortSignal: AbortSignal.timeout(60_000) })).toBe(true);
  });

  test('are those that are worth another attempt, and can be written down', async () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    circular['content'] = circular;
    for (const error of [new Error('x'), 'x', undefined, { isRetryable: 'yes' }])
      await attempts.note(attempt({ prompt: 'a' }), decision, error);
    await attempts.note(attempt(circular), decision, retryable);
    for (const params of [{ prompt: 'a' }, circular]) expect(attempts.mayRepeat(attempt(params))).toBe(false);
    expect(await isRepetition(circular)).toBe(false);
    await attempts.note(attempt({ prompt: 'a' }), decision, retryable);
    expect(await isRepetition({ prompt: circular })).toBe(false);
    expect(attempts.mayRepeat({ ...attempt({}), modelId: Object.create(null) })).toBe(false);
  });

  test('are forgotten after a minute', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await attempts.note(attempt({ prompt: 'a' }), decision, retryable);
    await attempts.note(attempt({ prompt: 'b' }), decision, retryable);
    vi.setSystemTime(Date.now() + 59_000);
    expect(await isRepetition({ prompt: 'a' })).toBe(true);
    vi.setSystemTime(Date.now() + 2000);
    expect(await isRepetition({ prompt: 'b' })).toBe(false);
    await attempts.note(attempt({ prompt: 'c' }), decision, retryable);
    vi.setSystemTime(Date.now() + 61_000);
    await attempts.note(attempt({ prompt: 'd' }), decision, retryable);
    expect(await isRepetition({ prompt: 'd' })).toBe(true);
    expect(await isRepetition({ prompt: 'c' })).toBe(false);
  });

  test('are at most a thousand, the newest', async () => {
    for (let index = 0; index < 1005; index += 1) await attempts.note(attempt({ prompt: index }), decision, retryable);
    expect(await isRepetition({ prompt: 4 })).toBe(false);
    expect(await isRepetition({ prompt: 5 })).toBe(true);
    expect(await isRepetition({ prompt: 1004 })).toBe(true);
  });
});
