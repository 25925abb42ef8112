import { describe, expect, test } from 'vitest';

import { compileDocument, decide } from '../support/decide.ts';

describe('a condition with a long list', () => {
  const agents = [...Array.from({ length: 5000 }, (_, index) => `agent-${index}`), 'team-*', '[x-z]1'];
  const compiled = compileDocument({
    rules: [{ effect: 'allow', action: '*', resource: '*', conditions: { agent_id: agents } }],
  });

  test.each<[unknown, boolean]>([
    ['agent-0', true],
    ['agent-4999', true],
    ['agent-5000', false],
    ['team-', true],
    ['team-red', true],
    ['y1', true],
    ['y2', false],
    ['', false],
    [undefined, false],
    [0, false],
  ])('%j: %s', (agent, isAllowed) => {
    const request = { action: 'llm.generate', resource: 'model/gpt-4', context: { agent_id: agent } };
    expect(decide(compiled, request).allowed).toBe(isAllowed);
  });
});
