import { describe, expect, test } from 'vitest';

import { policyDeniedProblem, policyDeniedResponse } from '../../../adapters/ai-sdk/index.ts';
import { ControlZero } from '../../../src/index.ts';
import { denialOf } from '../../support/denial-of.ts';

const cz = new ControlZero({ policy: { rules: [] } });

describe('policyDeniedProblem', () => {
  test.each([
    { action: 'llm.generate', resource: 'model/openai/gpt-4', model: 'openai/gpt-4' },
    { action: 'tool.call', resource: 'tool/search', model: undefined },
  ])('of $action on $resource is the body of the response', async ({ model, ...request }) => {
    const denied = await denialOf(cz.enforce(request));
    const problem = policyDeniedProblem(denied);
    expect(problem).toEqual(await policyDeniedResponse(denied).json());
    expect(problem?.model).toBe(model);
  });

  test('finds the denial inside another error', async () => {
    const denied = await denialOf(cz.enforce({ action: 'llm.generate', resource: 'model/gpt-4' }));
    expect(policyDeniedProblem(new Error('wrapped', { cause: denied }))).toEqual(policyDeniedProblem(denied));
  });

  test('is nothing where there is no denial', () => {
    expect(policyDeniedProblem(new Error('other'))).toBeUndefined();
    expect(policyDeniedProblem(undefined)).toBeUndefined();
  });
});
