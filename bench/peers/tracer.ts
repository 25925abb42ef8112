import type { BaseCallbackHandler } from '@langchain/core/callbacks/base';

import type { AISDK, AISDKMajor } from '../../test/support/ai-sdk-majors.ts';

// By way of the packages that are measured: a peer may bring another copy of the AI SDK.
type Call = Parameters<AISDK['ai']['generateText']>[0];

/** `generateText()` of the AI SDK. */
type GenerateText = (call: Call) => Promise<unknown>;

/** What the AI SDK tells of its calls. */
export type Integration = NonNullable<NonNullable<Call['telemetry']>['integrations']>;

/** A tracing product, ready to take part in calls as its documentation says. */
export interface OpenTracer {
  readonly wrapOpenAI: <Client extends object>(client: Client) => Client;
  /** The callback handler for LangChain. Missing where the product takes no part while it is off. */
  readonly handler?: BaseCallbackHandler;
  readonly generateText: (major: AISDKMajor) => GenerateText;
  /** Switches on what belongs to the process, makes the calls, and sends what was traced of them. */
  readonly tracing: (calls: () => unknown) => Promise<unknown>;
  /** How many spans or requests have been sent so far. */
  readonly sent: () => number;
}

/** A tracing product that calls are measured beside. One that is off is a floor: it only passes calls on. */
export interface Tracer {
  readonly name: string;
  readonly isOn: boolean;
  readonly open: () => Promise<OpenTracer>;
}
