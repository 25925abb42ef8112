import type { ControlZero, GovernanceOptions } from '../../src/index.ts';
import { Gate } from '../../src/index.ts';
import { ModelCalls } from './model-calls.ts';

/** Options that concern how LangChain names agents and models. */
export interface LangChainOptions extends GovernanceOptions {
  /** The id of a model that does not name itself. One that does is judged by its own name. */
  readonly modelId?: string;
  /**
   * Whether `metadata.agent_id` that arrives with a call may name the agent. Set it to false where callers
   * are not trusted, for example behind a LangGraph server. Default: true.
   */
  readonly trustMetadata?: boolean;
}

/** What options are read with. */
export interface OptionsToRead<Options extends LangChainOptions> {
  /** The function that an application calls, for messages. */
  readonly owner: string;
  readonly cz: ControlZero;
  readonly options: Options;
  /** The options there are besides those of every adapter. */
  readonly ownOptions: readonly (keyof Options & string)[];
}

/**
 * Checks options and makes the calls that are judged by them.
 * @throws {TypeError} for options of the wrong kind
 */
export function readOptions<Options extends LangChainOptions>(read: OptionsToRead<Options>): ModelCalls {
  const { owner, options } = read;
  const gate = new Gate({ ...read, adapter: 'langchain' });
  const { modelId, trustMetadata = true } = options;
  if (modelId !== undefined && (typeof modelId !== 'string' || modelId === ''))
    throw new TypeError(`${owner} takes a text that is not empty as modelId.`);
  if (typeof trustMetadata !== 'boolean') throw new TypeError(`${owner} takes true or false as trustMetadata.`);
  return new ModelCalls({ gate, modelId, trustMetadata });
}
