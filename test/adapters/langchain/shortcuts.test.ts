import type { ChatResult } from '@langchain/core/outputs';
import { ChatGenerationChunk } from '@langchain/core/outputs';
import { AIMessageChunk } from '@langchain/core/messages';
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { ChatOpenAI } from '@langchain/openai';
import { describe, expect, test } from 'vitest';

import { governChatModel } from '../../../adapters/langchain/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import {
  FinishingChatModel,
  LateChatModel,
  OuterChatModel,
  StrayingChatModel,
  post,
} from '../../support/finishing-chat-model.ts';
import type { LangChainStage } from '../../support/langchain-stage.ts';
import { isOldest, openLangChainStage } from '../../support/langchain-stage.ts';
import { LocalChatModel } from '../../support/local-chat-model.ts';
import { agentTiers, modelAllowlist } from '../../support/specification-policies.ts';

const ALLOWED = 'gpt-4';
const DENIED = 'gpt-4-turbo';

function sentModels({ provider }: LangChainStage): (string | undefined)[] {
  return provider.modelRequests.map(({ model }) => model);
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('a call that was let in and goes on to a model inside', () => {
  test('is judged by what is sent when the class changed the model in between', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    class Changing extends ChatOpenAI {
      override async _generate(...parameters: Parameters<ChatOpenAI['_generate']>): Promise<ChatResult> {
        Object.assign(isOldest ? this : Reflect.get(this, 'completions'), { model: DENIED });
        // A view of the outermost model holds on to its name.
        return super._generate(...parameters);
      }
    }
    const governed = governChatModel(new Changing({ ...stage.fields, model: ALLOWED }), stage.cz);
    await governed.invoke('Hello').catch(() => undefined);
    expect(sentModels(stage)).not.toContain(DENIED);
  });

  test('is judged by what is sent when the one inside is another', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const inner = new FinishingChatModel({ ...stage.fields, model: DENIED });
    const governed = governChatModel(new OuterChatModel({ ...stage.fields, model: ALLOWED }, inner), stage.cz);
    expect((await denialOf(governed.invoke('Hello'))).request.resource).toBe(`model/${DENIED}`);
    expect(stage.provider.requests).toEqual([]);
  });

  test('is judged by the one inside when its request does not say the model', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const inner = new FinishingChatModel({ ...stage.fields, model: DENIED });
    inner.request = { temperature: 0 };
    const governed = governChatModel(new OuterChatModel({ ...stage.fields, model: ALLOWED }, inner), stage.cz);
    await denialOf(governed.invoke('Hello'));
    expect(stage.provider.requests).toEqual([]);
  });

  test('is judged by the one inside when a subclass of it sends by itself', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const inner = new StrayingChatModel({ ...stage.fields, model: DENIED });
    const governed = governChatModel(new OuterChatModel({ ...stage.fields, model: ALLOWED }, inner), stage.cz);
    await denialOf(governed.invoke('Hello'));
    // The hooks of another gate, which allows it, are no methods of the class.
    await using other = await openLangChainStage({ rules: [{ effect: 'allow', action: '*', resource: '*' }] });
    const allowed = governChatModel(inner, other.cz);
    await denialOf(
      governChatModel(new OuterChatModel({ ...stage.fields, model: ALLOWED }, allowed), stage.cz).invoke('Hello'),
    );
    expect(stage.provider.requests).toEqual([]);
  });

  test('is only that: one that was not let in does not begin', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const governed = governChatModel(new FinishingChatModel({ ...stage.fields, model: DENIED }), stage.cz);
    await denialOf(governed.invoke('Hello'));
    expect(governed.started).toBe(0);
    governed.model = ALLOWED;
    await governed.invoke('Hello');
    expect(governed.started).toBe(1);
  });

  test('is one call, with one decision, where both say the same', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const inner = new FinishingChatModel({ ...stage.fields, model: ALLOWED });
    const governed = governChatModel(new OuterChatModel({ ...stage.fields, model: ALLOWED }, inner), stage.cz);
    await governed.invoke('Hello');
    expect(sentModels(stage)).toEqual([ALLOWED]);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('is the call of its own agent, also when one model serves two at a time', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = stage.chat();
    const [premium, basic] = ['premium-1', 'basic'].map((agentId) => governChatModel(model, stage.cz, { agentId }));
    const shared = governChatModel(model, stage.cz);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, async (_, index) => {
        const agent = index % 2 === 0 ? 'premium-2' : 'basic';
        if (index % 4 > 1) return shared.invoke('Hello', { metadata: { agent_id: agent } });
        return (index % 2 === 0 ? premium : basic)?.invoke('Hello');
      }),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'fulfilled' : 'rejected')),
    );
    expect(stage.provider.requests).toHaveLength(10);
    expect(await stage.decisions()).toHaveLength(20);
  });
});

describe('gates around one another', () => {
  test.each<{ what: string; create: (stage: LangChainStage) => BaseChatModel }>([
    { what: 'ChatOpenAI', create: (stage) => stage.chat({ model: ALLOWED }) },
    {
      what: 'one that finishes its request',
      create: ({ fields }) => new FinishingChatModel({ ...fields, model: ALLOWED }),
    },
    { what: 'one that nobody sees again', create: ({ fields }) => new LocalChatModel({ ...fields, model: ALLOWED }) },
  ])('judge a call once each, for the agent that its metadata names: $what', async ({ create }) => {
    await using inner = await openLangChainStage(agentTiers);
    await using outer = await openLangChainStage(agentTiers);
    const governed = governChatModel(governChatModel(create(inner), inner.cz), outer.cz);
    await governed.invoke('Hello', { metadata: { agent_id: 'premium-1' } });
    for (const stage of [inner, outer])
      expect((await stage.decisions()).map(({ decision, agentId }) => [decision.allowed, agentId])).toEqual([
        [true, 'premium-1'],
      ]);
    await denialOf(governed.invoke('Hello', { metadata: { agent_id: 'basic' } }));
    expect(inner.provider.requests).toHaveLength(1);
  });
});

describe('what a model names is read on itself', () => {
  test('and its request still names what was judged when the model changes in flight', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const governed = governChatModel(new LateChatModel({ ...stage.fields, model: ALLOWED }), stage.cz);
    const call = governed.invoke('Hello');
    await nextTurn();
    governed.model = DENIED;
    await call;
    expect(sentModels(stage)).toEqual([ALLOWED]);
  });

  test('and holds where a subclass of ChatOpenAI sends by itself', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const { baseURL } = stage.provider;
    class Straying extends ChatOpenAI {
      override async _generate(): Promise<ChatResult> {
        await nextTurn();
        return post({ baseURL }, { model: this.model });
      }
    }
    const governed = governChatModel(new Straying({ ...stage.fields, model: ALLOWED }), stage.cz);
    const call = governed.invoke('Hello');
    await nextTurn();
    governed.model = DENIED;
    await call.catch(() => undefined);
    expect(sentModels(stage)).not.toContain(DENIED);
  });

  test('and what goes wrong while it is read rejects, as everything does', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const model = new LateChatModel({ ...stage.fields, model: ALLOWED });
    model.invocationParams = () => {
      throw new TypeError('unreadable');
    };
    const { _generate: generate } = governChatModel(model, stage.cz);
    const promise = generate.call(model, [], {});
    await expect(promise).rejects.toThrow('unreadable');
    expect(stage.provider.requests).toEqual([]);
  });

  test.each([{ models: [DENIED] }, { Model: DENIED }, { extra_body: { model: DENIED } }])(
    'and nothing that was added in flight is sent: %j',
    async (modelKwargs) => {
      await using stage = await openLangChainStage(modelAllowlist);
      const governed = governChatModel(new LateChatModel({ ...stage.fields, model: ALLOWED }), stage.cz);
      const call = governed.invoke('Hello');
      await nextTurn();
      governed.modelKwargs = modelKwargs;
      await call;
      expect(JSON.stringify(stage.provider.requests.map(({ json }) => json))).not.toContain(DENIED);
      expect(stage.provider.requests).toHaveLength(1);
    },
  );

  test.each(['model', 'modelKwargs'])('and again on a view where it is another one each time: %s', async (name) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const values = name === 'model' ? [ALLOWED, DENIED] : [{}, { model: DENIED }];
    for (const first of [0, 1]) {
      for (let period = 1; period < 6; period += 1) {
        let reads = 0;
        const model = new LateChatModel({ ...stage.fields, model: ALLOWED });
        const get = (): unknown => values[(first + Math.floor((reads += 1) / period)) % 2];
        Object.defineProperty(model, name, { get, enumerable: true, configurable: true });
        await governChatModel(model, stage.cz)
          .invoke('Hello')
          .catch(() => undefined);
      }
    }
    expect(sentModels(stage)).not.toContain(DENIED);
  });
});

describe('hooks that the models of a class share', () => {
  // A class of its own for each test, because it is patched.
  function freshClass(): typeof LocalChatModel {
    class Fresh extends LocalChatModel {}
    Fresh.prototype._streamResponseChunks = BaseChatModel.prototype._streamResponseChunks as never;
    return Fresh;
  }

  test('are made anew when the class was patched', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const Fresh = freshClass();
    const fields = { ...stage.fields, model: DENIED };
    // A gate that goes on handing out models of the class.
    const gate = governChatModel(new Fresh({ ...fields, model: ALLOWED }), stage.cz);
    Fresh.prototype._streamResponseChunks = async function* streamed(this: LocalChatModel) {
      await post(this, { model: this.model });
      yield new ChatGenerationChunk({ text: 'Hello', message: new AIMessageChunk('Hello') });
    };
    const late = gate.withFallbacks([new Fresh(fields)]).fallbacks[0] as unknown as LocalChatModel;
    await denialOf((async () => collect(await late.stream('Hello')))());
    expect(stage.provider.requests).toEqual([]);
  });

  test('call the method that the class has when a model is governed', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const Fresh = freshClass();
    const fields = { ...stage.fields, model: ALLOWED };
    const gate = governChatModel(new Fresh(fields), stage.cz);
    let patched = 0;
    const { _generate: original } = Fresh.prototype;
    Fresh.prototype._generate = async function counting(...parameters) {
      patched += 1;
      return original.apply(this, parameters);
    };
    const [late] = gate.withFallbacks([new Fresh(fields)]).fallbacks as unknown as [LocalChatModel];
    await late.invoke('Hello');
    expect(patched).toBe(1);
  });

  test('are not those of a subclass, or of a model with a method of its own', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const Fresh = freshClass();
    class Sub extends Fresh {
      override async _generate(): Promise<ChatResult> {
        return post(this, { model: this.model, seed: 1 });
      }
    }
    const fields = { ...stage.fields, model: ALLOWED };
    const own = new Fresh(fields);
    Object.assign(own, { _generate: async () => post(own, { model: own.model, seed: 2 }) });
    const gate = governChatModel(new Fresh(fields), stage.cz);
    const [first, sub, other] = gate.withFallbacks([new Fresh(fields), new Sub(fields), own])
      .fallbacks as unknown as LocalChatModel[];
    for (const model of [first, sub, other]) await model?.invoke('Hello');
    expect(stage.provider.requests.map(({ json }) => Reflect.get(json as object, 'seed') as unknown)).toEqual([
      undefined,
      1,
      2,
    ]);
    await stage.setPolicy({ rules: [] });
    for (const model of [first, sub, other]) if (model) await denialOf(model.invoke('Hello'));
    expect(stage.provider.requests).toHaveLength(3);
  });

  test('leave fields as they are that are more than values', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const model = new LocalChatModel({ ...stage.fields, model: ALLOWED });
    let current = ALLOWED;
    Object.defineProperties(model, {
      model: { get: () => current, enumerable: true, configurable: true },
      secret: { value: 's', enumerable: false, configurable: true, writable: true },
      fixed: { value: 'f', enumerable: true, configurable: false, writable: false },
    });
    const governed = governChatModel(model, stage.cz);
    await governed.invoke('Hello');
    current = DENIED;
    await denialOf(governed.invoke('Hello'));
    expect(Object.keys(governed)).toEqual(Object.keys(model));
    expect(Object.getOwnPropertyDescriptor(governed, 'secret')).toEqual(
      Object.getOwnPropertyDescriptor(model, 'secret'),
    );
    expect(Object.getOwnPropertyDescriptor(governed, 'fixed')?.writable).toBe(false);
    expect(sentModels(stage)).toEqual([ALLOWED]);
  });
});
