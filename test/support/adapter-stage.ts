import type { Context, ControlZero, DecisionEvent, PolicyDocument } from '../../src/index.ts';
import type { LocalProvider, TestControlZeroOptions } from '../../src/testing/index.ts';
import { createTestControlZero, startLocalProvider } from '../../src/testing/index.ts';

/**
 * What an adapter can do beyond governing text generation by model name.
 *
 * - `streaming`, `embeddings`, `fallback`: as they say.
 * - `retries`: the framework repeats calls that failed. Where it waits seconds, one driver of it is enough.
 * - `call-metadata`: a call can name an agent by metadata of the framework, and that counts.
 * - `unnamed-model`: a call can leave out the model, or name it by something that is not a string.
 */
type AdapterCapability = 'retries' | 'streaming' | 'embeddings' | 'fallback' | 'call-metadata' | 'unnamed-model';

/** Where the calls go. */
interface ProviderTarget {
  /** Base URL of an OpenAI-compatible server. */
  readonly baseURL: string;
  /** How often the framework may repeat a call that failed. */
  readonly maxRetries: number;
}

/** How calls are governed: what the adapter's own wrapping function takes. */
export interface Governance {
  readonly cz: ControlZero;
  readonly agentId?: string;
  readonly context?: Context;
  readonly fallback?: readonly string[];
}

/** One call of an application. */
export interface AdapterCall {
  readonly model: unknown;
  /** Default: a greeting. */
  readonly prompt?: string;
  /** An agent that the call claims for itself, by whatever metadata the framework has. */
  readonly claimedAgentId?: string;
}

/** What an application does with the framework. Every failure is a rejection. */
export interface AdapterCalls {
  generate(call: AdapterCall): Promise<unknown>;
  stream(call: AdapterCall): AsyncIterable<unknown>;
  embed(call: AdapterCall): Promise<unknown>;
}

/** An adapter with its framework, as the conformance suite sees it. */
export interface AdapterUnderTest {
  /** What the adapter calls itself in decision events. */
  readonly name: string;
  readonly capabilities: readonly AdapterCapability[];
  /** Calls on fresh objects of the framework: governed, or as the framework makes them when no governance is given. */
  open(target: ProviderTarget, governance?: Governance): AdapterCalls;
}

/** Options of a stage: those of a client, and the policy. */
export interface AdapterStageOptions extends TestControlZeroOptions {
  readonly policy: PolicyDocument;
  /** Default: 0. */
  readonly maxRetries?: number;
}

/** One policy, one provider, and calls between them. */
export interface AdapterStage extends AsyncDisposable {
  readonly cz: ControlZero;
  readonly provider: LocalProvider;
  decisions(): Promise<readonly DecisionEvent[]>;
  setPolicy(document: PolicyDocument): Promise<void>;
  governed(governance?: Partial<Governance>): AdapterCalls;
  ungoverned(): AdapterCalls;
}

/** Sets a stage for one test. */
export async function openStage(adapter: AdapterUnderTest, options: AdapterStageOptions): Promise<AdapterStage> {
  const { policy, maxRetries = 0, ...clientOptions } = options;
  const provider = await startLocalProvider();
  const client = await createTestControlZero(policy, clientOptions);
  const { cz } = client;
  const target = { baseURL: provider.baseURL, maxRetries };
  return {
    cz,
    provider,
    decisions: () => client.decisions(),
    setPolicy: (document) => client.setPolicy(document),
    governed: (governance = {}) => adapter.open(target, { cz, ...governance }),
    ungoverned: () => adapter.open(target),
    [Symbol.asyncDispose]: async () => {
      await cz.close();
      await provider.close();
    },
  };
}
