import { createAgent, createMiddleware } from 'langchain';
import { describe, expect, test } from 'vitest';

import type { ControlZeroMiddlewareOptions } from '../../../adapters/langchain/index.ts';
import { controlZeroMiddleware } from '../../../adapters/langchain/index.ts';
import type { PolicyDocument } from '../../../src/index.ts';
import { PolicyUnavailableError, findPolicyDenied } from '../../../src/index.ts';
import type { CountingTool } from '../../support/langchain-agents.ts';
import { QUESTION, countingTool } from '../../support/langchain-agents.ts';
import type { LangChainStage } from '../../support/langchain-stage.ts';
import { openLangChainStage } from '../../support/langchain-stage.ts';
import { memoryLogger } from '../../support/memory-logger.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { modelAllowlist } from '../../support/specification-policies.ts';

const MODELS = { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' } as const;
const withTools: PolicyDocument = {
  rules: [
    MODELS,
    { effect: 'allow', action: 'tool.call', resource: 'tool/look_up' },
    { effect: 'allow', action: 'tool.call', resource: 'tool/delete', conditions: { agent_id: 'admin' } },
  ],
};

interface Run {
  readonly result: Promise<unknown>;
  readonly counting: CountingTool;
}

interface RunOptions extends ControlZeroMiddlewareOptions {
  readonly tool?: string;
  readonly metadata?: Record<string, unknown>;
}

function run(stage: LangChainStage, { tool = 'look_up', metadata = {}, ...options }: RunOptions): Run {
  const counting = countingTool(tool);
  const middleware = [controlZeroMiddleware(stage.cz, options)];
  const agent = createAgent({ model: stage.chat(), tools: [counting.tool], middleware });
  return { counting, result: agent.invoke(QUESTION, { metadata }) };
}

function lastToolMessage(result: unknown): unknown {
  const { messages } = result as { readonly messages: readonly { readonly tool_call_id?: string }[] };
  return messages.findLast(({ tool_call_id: id }) => id !== undefined);
}

async function toolDecisions(stage: LangChainStage): Promise<unknown[]> {
  const decisions = await stage.decisions();
  return decisions
    .filter(({ action }) => action === 'tool.call')
    .map(({ resource, agentId, decision }) => ({ resource, agentId, allowed: decision.allowed }));
}

describe('with tools: true', () => {
  test('a tool that a rule allows runs once', async () => {
    await using stage = await openLangChainStage(withTools);
    const { result, counting } = run(stage, { tools: true });
    expect(lastToolMessage(await result)).toMatchObject({ content: 'Found.' });
    expect(counting.calls()).toBe(1);
    expect(await toolDecisions(stage)).toEqual([{ resource: 'tool/look_up', agentId: undefined, allowed: true }]);
  });

  test('a tool that no rule allows does not run, and the model reads why and goes on', async () => {
    await using stage = await openLangChainStage(withTools);
    const { result, counting } = run(stage, { tools: true, tool: 'delete', agentId: 'support' });
    const message = lastToolMessage(await result);
    expect(message).toMatchObject({ status: 'error', name: 'delete', tool_call_id: 'call_1' });
    expect(message).toMatchObject({ content: expect.stringContaining('tool/delete') as string });
    expect(counting.calls()).toBe(0);
    expect(stage.provider.requests).toHaveLength(2);
    expect(await toolDecisions(stage)).toEqual([{ resource: 'tool/delete', agentId: 'support', allowed: false }]);
  });

  test("with onToolDenied: 'throw' the agent stops", async () => {
    await using stage = await openLangChainStage(withTools);
    const { result, counting } = run(stage, { tools: true, tool: 'delete', onToolDenied: 'throw' });
    const denial = findPolicyDenied(await rejectionOf(result));
    expect(denial?.request).toEqual({ action: 'tool.call', resource: 'tool/delete' });
    expect(counting.calls()).toBe(0);
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('the agent is found as for models', async () => {
    await using stage = await openLangChainStage(withTools);
    const admin = { metadata: { agent_id: 'admin' } };
    const calls = [
      run(stage, { tools: true, tool: 'delete', agentId: 'admin' }),
      run(stage, { tools: true, tool: 'delete', ...admin }),
      run(stage, { tools: true, tool: 'delete', trustMetadata: false, ...admin }),
      run(stage, { tools: true, tool: 'delete', agentId: 'support', ...admin }),
    ];
    await Promise.all(calls.map(async ({ result }) => result));
    expect(calls.map(({ counting }) => counting.calls())).toEqual([1, 1, 0, 0]);
  });

  test('a policy that only speaks of models denies every tool', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const { result, counting } = run(stage, { tools: true });
    await result;
    expect(counting.calls()).toBe(0);
  });

  test('a policy that is gone stops the agent, also where denials become messages', async () => {
    await using stage = await openLangChainStage(withTools);
    const counting = countingTool();
    const closing = createMiddleware({
      name: 'Closing',
      afterModel: async () => {
        await stage.cz.close();
      },
    });
    const middleware = [closing, controlZeroMiddleware(stage.cz, { tools: true })];
    const agent = createAgent({ model: stage.chat(), tools: [counting.tool], middleware });
    const error = await rejectionOf(agent.invoke(QUESTION));
    expect((error as Error).cause ?? error).toBeInstanceOf(PolicyUnavailableError);
    expect(counting.calls()).toBe(0);
  });

  test('a call without an id, of whatever framework', async () => {
    await using stage = await openLangChainStage(withTools);
    const { wrapToolCall } = controlZeroMiddleware(stage.cz, { tools: true });
    const call = wrapToolCall?.({ toolCall: { name: 'delete' } }, () => 'Deleted.');
    expect(await call).toMatchObject({ tool_call_id: '', status: 'error' });
    expect(await wrapToolCall?.({ toolCall: { name: 'look_up' } }, () => 'Found.')).toBe('Found.');
  });
});

describe('without tools: true', () => {
  const WARNING = /^warn: The policy has rules for tool\.call, and nothing enforces them/u;

  test('tools are left alone, and one warning says that the rules for them are not enforced', async () => {
    const logger = memoryLogger();
    await using stage = await openLangChainStage(withTools, { logger });
    for (const tool of ['look_up', 'delete']) {
      const { result, counting } = run(stage, { tool });
      await result;
      expect(counting.calls()).toBe(1);
    }
    expect(logger.lines.filter((line) => WARNING.test(line))).toHaveLength(1);
    expect(await toolDecisions(stage)).toEqual([]);
  });

  test('nothing is said when the policy has no rules for tools', async () => {
    const logger = memoryLogger();
    await using stage = await openLangChainStage(modelAllowlist, { logger });
    await run(stage, {}).result;
    expect(logger.lines.filter((line) => WARNING.test(line))).toEqual([]);
  });

  test('nothing is said when another agent of the same client governs its tools', async () => {
    const logger = memoryLogger();
    await using stage = await openLangChainStage(withTools, { logger });
    await run(stage, { tools: true }).result;
    await run(stage, {}).result;
    expect(logger.lines.filter((line) => WARNING.test(line))).toEqual([]);
  });
});
