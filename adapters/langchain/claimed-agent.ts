import { AsyncLocalStorageProviderSingleton } from '@langchain/core/singletons';

import type { Context } from '../../src/index.ts';

function agentIn(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null || !Object.hasOwn(metadata, 'agent_id')) return undefined;
  const agent: unknown = Reflect.get(metadata, 'agent_id');
  return typeof agent === 'string' && agent !== '' ? agent : undefined;
}

/** Where an agent can be named by metadata. */
export interface MetadataOfCall {
  /** The model or embeddings object. */
  readonly callee: object;
  /** What arrived with the call, if the application trusts that. */
  readonly metadata: unknown;
}

/**
 * The agent that a call claims by `metadata.agent_id`: that of the model's own constructor first, then of
 * the call with everything it inherits, then of `withConfig()`. Only a string of its own counts.
 */
export function claimedAgent({ callee, metadata }: MetadataOfCall): Context | undefined {
  const bound: unknown = Reflect.get(callee, 'defaultOptions');
  const configured: unknown = typeof bound === 'object' && bound !== null ? Reflect.get(bound, 'metadata') : undefined;
  const agent = agentIn(Reflect.get(callee, 'metadata')) ?? agentIn(metadata) ?? agentIn(configured);
  return agent === undefined ? undefined : { agent_id: agent };
}

/** The metadata of the chain, graph node or lambda that the running code belongs to. */
export function ambientMetadata(): unknown {
  const config: unknown = AsyncLocalStorageProviderSingleton.getRunnableConfig();
  return typeof config === 'object' && config !== null ? Reflect.get(config, 'metadata') : undefined;
}
