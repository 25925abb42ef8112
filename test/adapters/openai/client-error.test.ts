import { describe, expect, test } from 'vitest';

import { asClientError } from '../../../adapters/openai/client-error.ts';
import { ControlZero, ControlZeroError, PolicyDeniedError, PolicyUnavailableError } from '../../../src/index.ts';
import { denialOf } from '../../support/denial-of.ts';
import { openAIBuilds } from '../../support/openai-majors.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { agentTiers } from '../../support/specification-policies.ts';

const REQUEST = { action: 'llm.generate', resource: 'model/gpt-4' };

async function denied(): Promise<PolicyDeniedError> {
  return denialOf(new ControlZero({ policy: agentTiers }).enforce(REQUEST));
}

async function unavailable(): Promise<unknown> {
  const cz = new ControlZero({ policy: agentTiers });
  await cz.close();
  return rejectionOf(cz.enforce(REQUEST));
}

describe.each(openAIBuilds)('asClientError() for $name', ({ library }) => {
  const client = new library.OpenAI({ apiKey: 'local' });

  test('gives the same object, which is an instance of both sides', async () => {
    const error: unknown = await denied();
    expect(asClientError(error, client)).toBe(error);
    expect(error).toBeInstanceOf(PolicyDeniedError);
    expect(error).toBeInstanceOf(ControlZeroError);
    expect(error).toBeInstanceOf(library.OpenAIError);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(library.APIError);
  });

  test('keeps what the error carries', async () => {
    const error = await denied();
    const { message, stack, decision, request, alternatives } = error;
    asClientError(error, client);
    expect(error).toMatchObject({ name: 'PolicyDeniedError', code: 'ERR_CZ_POLICY_DENIED', status: 403 });
    expect(error).toMatchObject({ message, stack, decision, request, alternatives });
    expect(alternatives).toEqual(['gpt-3.5-turbo']);
    expect(error.toJSON()).toMatchObject({ name: 'PolicyDeniedError', alternatives });
    expect(String(error)).toBe(`PolicyDeniedError: ${message}`);
  });

  test('serves errors about a missing policy as well', async () => {
    const error = asClientError(await unavailable(), client);
    expect(error).toBeInstanceOf(PolicyUnavailableError);
    expect(error).toBeInstanceOf(library.OpenAIError);
    expect(error).not.toBeInstanceOf(PolicyDeniedError);
    expect((error as PolicyUnavailableError).toJSON()).toMatchObject({
      code: 'ERR_CZ_POLICY_UNAVAILABLE',
      status: 503,
    });
  });

  test('makes one prototype per class and kind of error', async () => {
    const other = new library.OpenAI({ apiKey: 'other' });
    const prototypes = [asClientError(await denied(), client), asClientError(await denied(), other)].map(
      (error) => Object.getPrototypeOf(error) as unknown,
    );
    expect(prototypes[0]).toBe(prototypes[1]);
    expect(Object.getPrototypeOf(asClientError(await unavailable(), client))).not.toBe(prototypes[0]);
  });

  test('does nothing twice', async () => {
    const error = asClientError(await denied(), client);
    const prototype: unknown = Object.getPrototypeOf(error);
    expect(asClientError(error, client)).toBe(error);
    expect(Object.getPrototypeOf(error)).toBe(prototype);
  });

  test('serves the clients of two builds in turn', async () => {
    const error = asClientError(await denied(), client);
    for (const build of openAIBuilds) {
      asClientError(error, new build.library.OpenAI({ apiKey: 'local' }));
      expect(error).toBeInstanceOf(build.library.OpenAIError);
      expect(error).toBeInstanceOf(PolicyDeniedError);
    }
  });

  test('leaves errors of others alone', () => {
    for (const error of [new TypeError('x'), new library.APIError(500, undefined, 'x', undefined), 'text', undefined]) {
      const prototype: unknown = typeof error === 'object' ? Object.getPrototypeOf(error) : undefined;
      expect(asClientError(error, client)).toBe(error);
      if (typeof error === 'object') expect(Object.getPrototypeOf(error)).toBe(prototype);
    }
  });
});

test('a client whose class has no error of its own gets ours as it is', async () => {
  const error: unknown = await denied();
  const prototype: unknown = Object.getPrototypeOf(error);
  expect(asClientError(error, {})).toBe(error);
  expect(Object.getPrototypeOf(error)).toBe(prototype);
});
