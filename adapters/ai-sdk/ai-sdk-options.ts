import type { ControlZero, GovernanceOptions } from '../../src/index.ts';
import { Gate } from '../../src/index.ts';
import { ModelCalls } from './model-calls.ts';

/** Options of everything that is governed here. */
export interface AISDKOptions extends Omit<GovernanceOptions, 'fallback'> {
  /**
   * Whether `providerOptions.controlzero` of a call may name the agent. Set it to false where what a
   * caller sends becomes call options. Default: true.
   */
  readonly trustMetadata?: boolean;
}

/** What options are read with. */
export interface OptionsToRead {
  /** The function that an application calls, for messages. */
  readonly owner: string;
  readonly cz: ControlZero;
  readonly options: AISDKOptions;
  /** Options that the function checks on its own. */
  readonly ownOptions?: readonly string[];
}

/**
 * Checks options and makes the calls that are judged by them.
 * @throws {TypeError} for options of the wrong kind
 */
export function readOptions({ owner, cz, options, ownOptions = [] }: OptionsToRead): ModelCalls {
  const gate = new Gate({ owner, adapter: 'ai-sdk', cz, options, ownOptions: ['trustMetadata', ...ownOptions] });
  if ('fallback' in options) throw new TypeError(`${owner} has no option "fallback". governModel() has one.`);
  const { trustMetadata = true } = options;
  if (typeof trustMetadata !== 'boolean') throw new TypeError(`${owner} takes true or false as trustMetadata.`);
  return new ModelCalls(gate, trustMetadata);
}
