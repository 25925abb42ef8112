import { describe, expect, test } from 'vitest';

import type { DecisionEvent } from '../../src/index.ts';
import { readDecisionRecord, toDecisionRecord } from '../../src/events/decision-record.ts';
import { createDecision } from '../../src/policy/decision.ts';
import { eventOf } from '../support/records-stage.ts';

const full: DecisionEvent = eventOf(1, {
  agentId: 'support',
  adapter: 'openai',
  decision: {
    ...createDecision({ effect: 'warn', reasonCode: 'RULE_MATCH', reason: '', policy: 'p', rule: 'r', revision: 'v' }),
    stale: true,
  },
  latencyMs: 0.123_456_7,
  mode: 'shadow',
  fallback: { requested: 'model/x', denied: createDecision({ effect: 'deny', reasonCode: 'RULE_MATCH', reason: '' }) },
  trace: { traceId: 't', spanId: 's' },
});

describe('a decision record', () => {
  test('has all that the event says, and nothing that it does not', () => {
    expect(toDecisionRecord(full, { tier: 'gold' })).toEqual({
      time: '2027-01-15T08:00:00.000Z',
      id: '1',
      action: 'llm.generate',
      resource: 'model/gpt-4',
      agent: 'support',
      effect: 'warn',
      rule: 'r',
      policy: 'p',
      reasonCode: 'RULE_MATCH',
      revision: 'v',
      stale: true,
      adapter: 'openai',
      latencyMs: 0.123,
      mode: 'shadow',
      fallbackFor: 'model/x',
      traceId: 't',
      spanId: 's',
      context: { tier: 'gold' },
    });
    const bare = createDecision({ effect: 'deny', reasonCode: 'NO_POLICY', reason: '' });
    expect(Object.keys(toDecisionRecord(eventOf(1, { decision: bare })))).toEqual([
      'time',
      'id',
      'action',
      'resource',
      'effect',
      'reasonCode',
      'latencyMs',
      'mode',
    ]);
  });

  test('is read back whole, as is the JSON of an event', () => {
    const record = toDecisionRecord(full, { tier: 'gold', beta: true });
    expect(readDecisionRecord(JSON.stringify(record))).toEqual(record);
    const { context: _, latencyMs, ...others } = record;
    expect(readDecisionRecord(JSON.stringify(full))).toEqual({ ...others, latencyMs: 0.123_456_7 });
    expect(latencyMs).toBe(0.123);
  });

  test('is read without what is of another kind, or no field of a record', () => {
    const line = {
      action: 'a',
      resource: 'r',
      effect: 'deny',
      rule: {},
      mode: 'loud',
      stale: 1,
      latencyMs: 'x',
      note: 'y',
    };
    expect(readDecisionRecord(JSON.stringify(line))).toEqual({ action: 'a', resource: 'r', effect: 'deny' });
    const context = { tier: 'gold', list: [1], nothing: null };
    expect(readDecisionRecord(JSON.stringify({ ...line, context }))).toMatchObject({ context: { tier: 'gold' } });
    expect(readDecisionRecord(JSON.stringify({ ...line, context: [1] }))).not.toHaveProperty('context');
    expect(readDecisionRecord(JSON.stringify({ ...line, at: 1e300, agent: 5 }))).not.toHaveProperty('time');
  });

  test.each([
    ['{', 'The line is not JSON.'],
    ['[]', 'The line is not a JSON object.'],
    ['{"action":"a"}', 'The record names no action or no resource.'],
    ['{"action":"a","resource":"b","effect":"maybe"}', 'The record has no effect: allow, deny or warn.'],
  ])('is none: %s', (line, reason) => {
    expect(readDecisionRecord(line)).toBe(reason);
  });
});
