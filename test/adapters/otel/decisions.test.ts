import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';

import { activeTraceContext, instrumentControlZero } from '../../../adapters/otel/index.ts';
import { drivers } from '../../../examples/governance-demo/drivers.ts';
import type { DecisionEvent, PolicyDocument } from '../../../src/index.ts';
import { PolicyDeniedError, VERSION, findPolicyDenied } from '../../../src/index.ts';
import type { TestControlZeroOptions } from '../../../src/testing/index.ts';
import { createTestControlZero, startLocalProvider } from '../../../src/testing/index.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import type { TelemetryStage } from '../../support/telemetry-stage.ts';
import { telemetryStage } from '../../support/telemetry-stage.ts';

const policy: PolicyDocument = {
  name: 'models',
  rules: [
    {
      id: 'premium',
      effect: 'allow',
      action: 'llm.generate',
      resource: 'model/gpt-4',
      conditions: { agent_id: 'a-*' },
    },
    { id: 'old', effect: 'warn', action: 'llm.generate', resource: 'model/gpt-3.5-turbo', reason: 'Our secret plan.' },
    { id: 'small', effect: 'allow', action: 'embedding.generate', resource: 'model/text-embedding-3-small' },
    { id: 'no-turbo', effect: 'deny', action: '*', resource: 'model/gpt-4-turbo*' },
  ],
};

async function openScene(options: TestControlZeroOptions = {}) {
  const telemetry = telemetryStage();
  const provider = await startLocalProvider();
  const client = await createTestControlZero(policy, { traceContext: activeTraceContext, ...options });
  instrumentControlZero(client.cz);
  const target = { apiKey: 'local', baseURL: provider.baseURL };
  return {
    ...client,
    provider,
    telemetry,
    target,
    [Symbol.asyncDispose]: async () => {
      await client.cz.close();
      await provider.close();
    },
  };
}

function spanOf(telemetry: TelemetryStage, name: string): ReadableSpan {
  const found = telemetry.spans().filter((span) => span.name === name);
  expect(found).toHaveLength(1);
  return found[0] as ReadableSpan;
}

function expectTraceOf(event: DecisionEvent | undefined, span: ReadableSpan): void {
  const { traceId, spanId } = span.spanContext();
  expect(event?.trace).toEqual({ traceId, spanId });
}

describe.each(drivers.map((driver) => [driver.name, driver] as const))(
  'decisions about calls through %s',
  (name, driver) => {
    test('an allowed call leaves an event on the span that is active around it', async () => {
      await using scene = await openScene();
      const { cz, telemetry, target, provider } = scene;
      await telemetry.inSpan('request', async () => driver.send({ cz, target, model: 'gpt-4', agentId: 'a-1' }));
      const span = spanOf(telemetry, 'request');
      const [decision] = await scene.decisions();
      expect(span.events.map((event) => [event.name, event.attributes])).toEqual([
        [
          'controlzero.decision',
          {
            'gen_ai.operation.name': 'chat',
            'gen_ai.request.model': 'gpt-4',
            'gen_ai.agent.id': 'a-1',
            'controlzero.action': 'llm.generate',
            'controlzero.resource': 'model/gpt-4',
            'controlzero.adapter': name,
            'controlzero.mode': 'enforce',
            'controlzero.decision.id': decision?.id,
            'controlzero.decision.effect': 'allow',
            'controlzero.decision.reason_code': 'RULE_MATCH',
            'controlzero.decision.enforced': true,
            'controlzero.policy.name': 'models',
            'controlzero.policy.rule': 'premium',
            'controlzero.policy.revision': decision?.decision.revision,
          },
        ],
      ]);
      expect(span.attributes).not.toHaveProperty('controlzero.denied');
      expectTraceOf(decision, span);
      expect(provider.modelRequests).toHaveLength(1);
    });

    test('a denied call leaves one on the span, which is marked, and sends nothing', async () => {
      await using scene = await openScene();
      const { cz, telemetry, target, provider } = scene;
      const error = await rejectionOf(
        telemetry.inSpan('request', async () => driver.send({ cz, target, model: 'gpt-4-turbo', agentId: 'a-1' })),
      );
      expect(findPolicyDenied(error)).toBeInstanceOf(PolicyDeniedError);
      const span = spanOf(telemetry, 'request');
      expect(span.events.map(({ attributes }) => attributes)).toEqual([
        expect.objectContaining({
          'gen_ai.request.model': 'gpt-4-turbo',
          'controlzero.adapter': name,
          'controlzero.decision.effect': 'deny',
          'controlzero.decision.enforced': true,
          'controlzero.policy.rule': 'no-turbo',
        }),
      ]);
      expect(span.attributes).toEqual({ 'controlzero.denied': true });
      // How the call ended is for whoever made the span to say.
      expect(span.status.code).toBe(SpanStatusCode.UNSET);
      expectTraceOf((await scene.decisions())[0], span);
      expect(provider.modelRequests).toHaveLength(0);
    });

    test('a warning is told with its effect, and no text of the rule', async () => {
      await using scene = await openScene();
      const { cz, telemetry, target } = scene;
      await telemetry.inSpan('request', async () => driver.send({ cz, target, model: 'gpt-3.5-turbo' }));
      const { events } = spanOf(telemetry, 'request');
      expect(events[0]?.attributes).toMatchObject({
        'controlzero.decision.effect': 'warn',
        'controlzero.policy.rule': 'old',
      });
      expect(events[0]?.attributes).not.toHaveProperty('gen_ai.agent.id');
      expect(JSON.stringify(events)).not.toMatch(/secret plan|Say hello/u);
    });

    test('an embedding has its own operation', async () => {
      await using scene = await openScene();
      const { cz, telemetry, target } = scene;
      const call = { cz, target, model: 'text-embedding-3-small', isEmbedding: true };
      await telemetry.inSpan('request', async () => driver.send(call));
      expect(spanOf(telemetry, 'request').events[0]?.attributes).toMatchObject({
        'gen_ai.operation.name': 'embeddings',
        'gen_ai.request.model': 'text-embedding-3-small',
        'controlzero.action': 'embedding.generate',
      });
    });

    test('a fallback names the model that serves, and the one that was asked for', async () => {
      await using scene = await openScene();
      const { cz, telemetry, target, provider } = scene;
      const call = { cz, target, model: 'gpt-4-turbo', agentId: 'a-1', fallback: ['gpt-4'] };
      await telemetry.inSpan('request', async () => driver.send(call));
      const span = spanOf(telemetry, 'request');
      expect(span.events.map(({ attributes }) => attributes)).toEqual([
        expect.objectContaining({
          'gen_ai.request.model': 'gpt-4',
          'controlzero.decision.effect': 'allow',
          'controlzero.policy.rule': 'premium',
          'controlzero.fallback.requested': 'model/gpt-4-turbo',
          'controlzero.fallback.denied_by': 'no-turbo',
        }),
      ]);
      expect(span.attributes).toEqual({});
      expect(provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4']);
    });

    test('a denial in shadow mode says that it was not enforced', async () => {
      await using scene = await openScene({ mode: 'shadow' });
      const { cz, telemetry, target, provider } = scene;
      await telemetry.inSpan('request', async () => driver.send({ cz, target, model: 'gpt-4-turbo' }));
      const span = spanOf(telemetry, 'request');
      expect(span.events.map(({ attributes }) => attributes)).toEqual([
        expect.objectContaining({
          'controlzero.mode': 'shadow',
          'controlzero.decision.effect': 'deny',
          'controlzero.decision.enforced': false,
        }),
      ]);
      expect(span.attributes).toEqual({});
      expect(provider.modelRequests).toHaveLength(1);
    });

    test('calls at the same time leave theirs on the span of each', async () => {
      await using scene = await openScene();
      const { cz, telemetry, target } = scene;
      const models = ['gpt-4', 'gpt-4-turbo', 'gpt-3.5-turbo'];
      const send = async (model: string): Promise<unknown> =>
        telemetry.inSpan(model, async () => driver.send({ cz, target, model, agentId: 'a-1' }).catch(() => undefined));
      await Promise.all(models.map(send));
      for (const model of models) {
        const { events } = spanOf(telemetry, model);
        expect(events.map(({ attributes }) => attributes?.['gen_ai.request.model'])).toEqual([model]);
      }
    });

    test('a denial outside of any span gets a span of its own', async () => {
      await using scene = await openScene();
      const { cz, telemetry, target, provider } = scene;
      await driver.send({ cz, target, model: 'gpt-4', agentId: 'a-1' });
      await rejectionOf(driver.send({ cz, target, model: 'gpt-4-turbo' }));
      const span = spanOf(telemetry, 'controlzero.decision');
      expect(telemetry.spans()).toHaveLength(1);
      expect(span.attributes).toMatchObject({
        'gen_ai.request.model': 'gpt-4-turbo',
        'controlzero.denied': true,
        'controlzero.decision.effect': 'deny',
      });
      expect((await scene.decisions()).map(({ trace }) => trace)).toEqual([undefined, undefined]);
      expect(provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4']);
    });
  },
);

test('spans carry the name and version of the package', async () => {
  const telemetry = telemetryStage();
  const { cz } = await createTestControlZero(policy);
  instrumentControlZero(cz);
  cz.evaluate({ action: 'llm.generate', resource: 'model/gpt-4' });
  const span = spanOf(telemetry, 'controlzero.decision') as unknown as Record<string, unknown>;
  // The field had another name in older versions.
  expect(span['instrumentationScope'] ?? span['instrumentationLibrary']).toMatchObject({
    name: '@controlzero/sdk',
    version: VERSION,
  });
});
