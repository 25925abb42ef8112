import { describe, expect, test } from 'vitest';

import { policyDeniedProblem, policyDeniedResponse } from '../../../adapters/ai-sdk/index.ts';
import { ControlZero } from '../../../src/index.ts';
import { denialOf } from '../../support/denial-of.ts';

const cz = new ControlZero({ policy: { name: 'secret-name', rules: [] }, agentId: 'secret-agent' });
const PROBLEM = {
  type: 'about:blank',
  title: 'Forbidden',
  status: 403,
  detail: 'The model openai/gpt-4 may not be used here.',
  code: 'ERR_CZ_POLICY_DENIED',
  model: 'openai/gpt-4',
};

describe('a denial for end users', () => {
  test('names the model, and neither policy nor agent', async () => {
    const denied = await denialOf(cz.enforce({ action: 'llm.generate', resource: 'model/openai/gpt-4' }));
    expect(policyDeniedProblem(denied)).toEqual(PROBLEM);
    expect(policyDeniedProblem(new Error('wrapped', { cause: denied }))).toEqual(PROBLEM);
  });

  test('names no model when none was asked for', async () => {
    const denied = await denialOf(cz.enforce({ action: 'tool.call', resource: 'tool/search' }));
    const { model: _, ...rest } = PROBLEM;
    expect(policyDeniedProblem(denied)).toEqual({ ...rest, detail: 'This is not allowed here.' });
  });

  test('is the body of the response, with its status and type', async () => {
    const denied = await denialOf(cz.enforce({ action: 'llm.generate', resource: 'model/openai/gpt-4' }));
    const response = policyDeniedResponse(denied);
    expect(response.status).toBe(403);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual(PROBLEM);
  });

  test('is nothing for another error, which the response throws again', () => {
    const error = new Error('other');
    expect(policyDeniedProblem(error)).toBeUndefined();
    expect(() => policyDeniedResponse(error)).toThrow(error);
  });
});
