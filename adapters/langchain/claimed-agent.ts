import { ensureConfig } from '@langchain/core/runnables';
import { AsyncLocalStorageProviderSingleton } from '@langchain/core/singletons';

import type { Context } from '../../src/index.ts';

const AGENT = 'agent_id';

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function agentIn(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null || !Object.hasOwn(metadata, AGENT)) return undefined;
  const agent: unknown = Reflect.get(metadata, AGENT);
  return typeof agent === 'string' && agent !== '' ? agent : undefined;
}

let isConfigurableCopied: boolean | undefined;

// Up to 1.0 LangChain copies what stands in `configurable` into the metadata, where nobody can tell it apart.
function copiesConfigurable(): boolean {
  isConfigurableCopied ??= agentIn(ensureConfig({ configurable: { [AGENT]: AGENT }, metadata: {} }).metadata) === AGENT;
  return isConfigurableCopied;
}

function agentOf(config: unknown): string | undefined {
  const agent = agentIn(fieldOf(config, 'metadata'));
  return copiesConfigurable() && agent === agentIn(fieldOf(config, 'configurable')) ? undefined : agent;
}

/** Where an agent can be named by metadata. */
export interface MetadataOfCall {
  /** The model or embeddings object. */
  readonly callee: object;
  /** The configuration that arrived with the call, if the application trusts that. */
  readonly config: unknown;
}

/**
 * The agent that a call claims by `metadata.agent_id`: that of the model's own constructor first, then of
 * the call with everything it inherits, then of `withConfig()`. Only a string of its own counts.
 */
export function claimedAgent({ callee, config }: MetadataOfCall): Context | undefined {
  const configured = fieldOf(Reflect.get(callee, 'defaultOptions'), 'metadata');
  const agent = agentIn(Reflect.get(callee, 'metadata')) ?? agentOf(config) ?? agentIn(configured);
  return agent === undefined ? undefined : { agent_id: agent };
}

/** The configuration of the chain, graph node or lambda that the running code belongs to. */
export function ambientConfig(): unknown {
  return AsyncLocalStorageProviderSingleton.getRunnableConfig();
}
