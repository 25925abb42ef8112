import type { ControlZero, Decision } from '../../src/index.ts';
import { modelRequest, undeterminedRequest, watchGates } from '../../src/index.ts';
import { hasMethod, isObject } from './model-kinds.ts';

/** A call of a model that no policy was asked about. */
export interface UngovernedCall {
  readonly callId: string;
  /** Provider and id, as the AI SDK reports them. */
  readonly provider: string | undefined;
  readonly modelId: string | undefined;
  /** What the policy would have said. */
  readonly decision: Decision;
}

/** Options of the telemetry integration. */
export interface ControlZeroTelemetryOptions {
  /** Called for every call that was not governed. Default: an error in the log, once for each model. */
  readonly onUngoverned?: (call: UngovernedCall) => void;
}

/** A call of a language model, as the AI SDK hands it to its telemetry. */
export interface TelemetryCall<Answer> {
  readonly callId: string;
  readonly provider?: string;
  readonly modelId?: string;
  readonly execute: () => PromiseLike<Answer>;
}

/** The integration, as `registerTelemetry` and `telemetry.integrations` of AI SDK 7 take it. */
export interface ControlZeroTelemetry {
  executeLanguageModelCall<Answer>(call: TelemetryCall<Answer>): Promise<Answer>;
}

const MOST_REMEMBERED = 1000;

function logOnce(cz: ControlZero): (call: UngovernedCall) => void {
  const logged = new Set<string>();
  return ({ provider, modelId, decision }) => {
    const key = JSON.stringify([provider, modelId]);
    if (logged.has(key)) return;
    if (logged.size < MOST_REMEMBERED) logged.add(key);
    const verdict = decision.allowed ? 'The policy would have allowed it' : 'The policy would have denied it';
    cz.logger.error(
      `A call of the model ${key} was not governed. ${verdict}. Get the model from a provider that governProvider() governs.`,
    );
  };
}

/**
 * A telemetry integration for AI SDK 7 that raises an alarm when `generateText`, `streamText` or an agent
 * called a model that was not governed, for example one that `prepareStep` brought along.
 *
 * It is an alarm and not a gate: the call has been made when it is raised. Calls with
 * `telemetry: { isEnabled: false }` or integrations of their own are not seen, and neither are objects
 * and embeddings. Version 6 has no such integrations.
 *
 * @throws {TypeError} when `cz` is no `ControlZero`
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` at a call, on runtimes without AsyncLocalStorage
 *
 * @example
 * ```ts
 * import { init } from '@controlzero/sdk';
 * import { controlZeroTelemetry } from '@controlzero/sdk/ai-sdk';
 * import { registerTelemetry } from 'ai';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * registerTelemetry(controlZeroTelemetry(cz));
 * ```
 */
export function controlZeroTelemetry(cz: ControlZero, options: ControlZeroTelemetryOptions = {}): ControlZeroTelemetry {
  if (!isObject(cz) || !hasMethod(cz, 'explain'))
    throw new TypeError('controlZeroTelemetry() takes a ControlZero: await init() gives one.');
  const { onUngoverned = logOnce(cz) } = options;
  if (typeof onUngoverned !== 'function')
    throw new TypeError('controlZeroTelemetry() takes a function as onUngoverned.');
  const report = ({ callId, provider, modelId }: TelemetryCall<unknown>): void => {
    const action = 'llm.generate';
    const request =
      modelId === undefined
        ? undeterminedRequest(action, 'The telemetry names no model.')
        : modelRequest({ action, model: modelId });
    const { decision } = cz.explain(request);
    try {
      onUngoverned({ callId, provider, modelId, decision });
    } catch (error) {
      cz.logger.error(`onUngoverned failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return {
    executeLanguageModelCall: async (call) =>
      watchGates(
        async () => call.execute(),
        () => report(call),
      ),
  };
}
