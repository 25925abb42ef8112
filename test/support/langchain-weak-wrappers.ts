import { BaseCallbackHandler } from '@langchain/core/callbacks/base';

import type { LangChainEmbeddings, LangChainModel } from '../../adapters/langchain/index.ts';
import { ControlZeroCallbackHandler, governChatModel, governEmbeddings } from '../../adapters/langchain/index.ts';
import type { Enforcement } from '../../src/index.ts';
import { ControlZero, PolicyDeniedError, modelRequest } from '../../src/index.ts';
import type { LangChainWrap } from './langchain-bypass-stage.ts';

type WeakModel = (model: LangChainModel) => LangChainModel;
type WeakEmbeddings = (embeddings: LangChainEmbeddings) => LangChainEmbeddings;

interface WeakParts {
  readonly name: string;
  readonly model: WeakModel;
  /** Default: as they are. */
  readonly embeddings?: WeakEmbeddings;
}

function weak({ name, model, embeddings = (bare) => bare }: WeakParts): LangChainWrap {
  return { name, model: (bare) => model(bare) as never, embeddings: (bare) => embeddings(bare) as never };
}

function modelOf(model: object): string {
  return String(Reflect.get(model, 'model'));
}

// Where LangChain looks for the callbacks of a model and of copies that it makes of it.
function attach(model: LangChainModel, handler: BaseCallbackHandler): LangChainModel {
  const fields: unknown = Reflect.get(model, 'fields');
  for (const holder of [model, fields])
    if (typeof holder === 'object' && holder) Object.assign(holder, { callbacks: [handler] });
  return model;
}

class UnawaitedHandler extends BaseCallbackHandler {
  readonly name = 'unawaited';
  readonly #handler: ControlZeroCallbackHandler;

  constructor(handler: ControlZeroCallbackHandler) {
    super({ raiseError: true });
    this.awaitHandlers = false;
    this.#handler = handler;
  }

  override handleChatModelStart(...parameters: Parameters<ControlZeroCallbackHandler['handleChatModelStart']>): void {
    this.#handler.handleChatModelStart(...parameters).catch(() => undefined);
  }

  override handleLLMStart(...parameters: Parameters<ControlZeroCallbackHandler['handleLLMStart']>): void {
    this.#handler.handleLLMStart(...parameters).catch(() => undefined);
  }
}

/** Goes ahead wherever no rule says that it must not. */
class FailOpenControlZero extends ControlZero {
  override enforceFirstNow(...parameters: Parameters<ControlZero['enforceFirstNow']>): Enforcement | undefined {
    try {
      return super.enforceFirstNow(...parameters);
    } catch (error) {
      if (error instanceof PolicyDeniedError && error.decision.reasonCode !== 'RULE_MATCH')
        return { index: 0, decision: error.decision };
      throw error;
    }
  }
}

// What looks right at first and gives back the bare model a moment later.
const HANDING_OUT = ['withConfig', 'bindTools', 'withStructuredOutput', 'withRetry', 'withFallbacks', 'withListeners'];

function withoutGoverningAgain(bare: LangChainModel, governed: LangChainModel): LangChainModel {
  for (const name of HANDING_OUT) {
    const method: unknown = Reflect.get(bare, name);
    if (typeof method === 'function')
      Object.defineProperty(governed, name, { value: method.bind(bare) as unknown, configurable: true });
  }
  return governed;
}

function checkingInvoke(cz: ControlZero): WeakModel {
  return (model) => {
    const { invoke } = model;
    const check = async (...parameters: Parameters<typeof invoke>): Promise<unknown> => {
      await cz.enforce(modelRequest({ action: 'llm.generate', model: modelOf(model) }));
      return invoke.apply(model, parameters);
    };
    return Object.assign(model, { invoke: check });
  };
}

/** Names of the variants of the adapter that are broken in one way each. */
export type WeakWrapName =
  | 'none'
  | 'handler'
  | 'unawaited handler'
  | 'invoke'
  | 'no re-govern'
  | 'metadata'
  | 'fail open';

/** Variants of the adapter, each broken in one way. */
export function weakWraps(cz: ControlZero, agentId: string): Readonly<Record<WeakWrapName, LangChainWrap>> {
  const policy = { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' } as const] };
  const failOpen = new FailOpenControlZero({ policy });
  const handler = new ControlZeroCallbackHandler(cz, { agentId });
  return {
    none: weak({ name: 'none', model: (model) => model }),
    handler: weak({ name: 'a handler only', model: (model) => attach(model, handler) }),
    'unawaited handler': weak({
      name: 'a handler that is not awaited',
      model: (model) => attach(model, new UnawaitedHandler(handler)),
    }),
    invoke: weak({ name: 'invoke() only', model: checkingInvoke(cz) }),
    'no re-govern': weak({
      name: 'nothing that is handed out is governed',
      model: (model) => withoutGoverningAgain(model, governChatModel(model, cz, { agentId })),
      embeddings: (embeddings) => governEmbeddings(embeddings, cz, { agentId }),
    }),
    metadata: weak({
      name: 'metadata before the bound agent',
      model: (model) => governChatModel(model, cz),
      embeddings: (embeddings) => governEmbeddings(embeddings, cz),
    }),
    'fail open': weak({
      name: 'open where nothing is said',
      model: (model) => governChatModel(model, failOpen, { agentId }),
      embeddings: (embeddings) => governEmbeddings(embeddings, failOpen, { agentId }),
    }),
  };
}
