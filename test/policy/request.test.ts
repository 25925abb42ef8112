import { describe, expect, test } from 'vitest';

import { modelRequest, undeterminedRequest } from '../../src/index.ts';
import { canonicalAction, canonicalResource } from '../../src/policy/names.ts';
import { NO_KEYS } from '../../src/policy/context-values.ts';
import { namesOf } from '../../src/policy/judged-request.ts';
import { readRequest } from '../support/decide.ts';

describe('modelRequest', () => {
  test('names the model exactly as it was given', () => {
    expect(modelRequest({ action: 'llm.generate', model: ' GPT-4 ' })).toEqual({
      action: 'llm.generate',
      resource: 'model/ GPT-4 ',
    });
  });

  test('takes context and aliases along', () => {
    const context = { agent_id: 'a' };
    expect(modelRequest({ action: 'embedding.generate', model: 'x', context, aliases: ['y'] })).toEqual({
      action: 'embedding.generate',
      resource: 'model/x',
      context,
      aliases: ['model/y'],
    });
    expect(modelRequest({ action: 'llm.generate', model: 'x', aliases: [] })).not.toHaveProperty('aliases');
  });
});

describe('undeterminedRequest', () => {
  test('is a fault with its reason', () => {
    const request = undeterminedRequest('llm.generate', 'No model.', { agent_id: 'a' });
    expect(readRequest(request, NO_KEYS)).toEqual({ fault: 'No model.' });
    expect(undeterminedRequest('llm.generate', 'No model.')).not.toHaveProperty('context');
  });

  test('a fault that is no text is a fault all the same', () => {
    const request = { action: 'a', resource: 'b', fault: null as never };
    expect(readRequest(request, NO_KEYS)).toEqual({
      fault: 'The request is not judgeable.',
    });
  });
});

describe('names', () => {
  test.each([
    ['llm:generate', 'llm.generate'],
    ['llm_call', 'llm.generate'],
    ['llm.call', 'llm.generate'],
    ['llm:call', 'llm.generate'],
    ['llm.embed', 'embedding.generate'],
    ['llm:embed', 'embedding.generate'],
    ['embedding:generate', 'embedding.generate'],
    ['tool.call', 'tool.call'],
  ])('the action %s is %s', (given, expected) => {
    expect(canonicalAction(given)).toBe(expected);
  });

  test('model:x is model/x, and no other colon changes', () => {
    expect(canonicalResource('model:ft:gpt-4')).toBe('model/ft:gpt-4');
    expect(canonicalResource('tool:x')).toBe('tool:x');
  });

  test.each([
    ['model/gpt-4', ['model/gpt-4']],
    ['model/openai/gpt-4', ['model/openai/gpt-4', 'model/gpt-4']],
    ['model/a/b/c', ['model/a/b/c', 'model/c']],
    ['model/a/', ['model/a/']],
    ['tool/a/b', ['tool/a/b']],
    ['model/', ['model/']],
  ])('%s goes by %j', (resource, names) => {
    expect(namesOf(resource)).toEqual(names);
  });

  test('aliases bring their bare names along', () => {
    const request = { action: 'llm.generate', resource: 'model/a', aliases: ['model/x/y', 'model:z'] };
    expect(readRequest(request, NO_KEYS)).toMatchObject({
      names: ['model/a', 'model/x/y', 'model/z', 'model/y'],
    });
  });
});

describe('context', () => {
  test('the first context that owns a key gives its value', () => {
    const request = { action: 'a', resource: 'b', context: { one: 1, both: undefined } };
    const keys = ['one', 'both', 'two', 'none'];
    const defaults = [{ both: 'x', two: true }, { two: false }];
    const judged = readRequest(request, { list: keys, all: new Set(keys) }, { identity: undefined, defaults });
    if ('fault' in judged) throw new Error(judged.fault);
    expect(new Map(keys.map((key) => [key, judged.attributes.get(key)]))).toEqual(
      new Map<string, unknown>([
        ['one', 1],
        ['both', undefined],
        ['two', true],
        ['none', undefined],
      ]),
    );
  });
});
