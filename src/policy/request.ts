import { remember } from './remember.ts';
import type { Context, PolicyRequest } from './types.ts';

const MODEL = 'model/';

/** What a model call does. */
export type ModelAction = 'llm.generate' | 'embedding.generate';

/** What a model request is built from. */
export interface ModelRequestOptions {
  readonly action: ModelAction;
  /** The id exactly as it goes to the provider. */
  readonly model: string;
  readonly context?: Context | undefined;
  /** What the call says about itself by the metadata of its framework. */
  readonly metadata?: Context | undefined;
  /** Other ids of the same model, for example the model behind a deployment. */
  readonly aliases?: readonly string[] | undefined;
}

const resources = new Map<string, string>();

// An application uses the same few models: joining the text and hashing it anew costs more than a decision.
function modelResource(model: string): string {
  const known = resources.get(model);
  if (known !== undefined) return known;
  const resource = MODEL + model;
  remember(resources, model, resource);
  return resource;
}

/**
 * The request for one model call: the action on `model/<id>`.
 *
 * An id with a provider prefix (`openai/gpt-4-turbo`) is judged by the full id; deny rules also match
 * its bare last part.
 *
 * @example
 * ```ts
 * import { init, modelRequest } from '@controlzero/sdk';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * const decision = cz.evaluate(modelRequest({ action: 'llm.generate', model: 'gpt-4' }));
 * ```
 */
export function modelRequest({ action, model, context, metadata, aliases }: ModelRequestOptions): PolicyRequest {
  const request: { -readonly [Key in keyof PolicyRequest]: PolicyRequest[Key] } = {
    action,
    resource: modelResource(model),
  };
  // Spreads of what may be missing cost more than the decision.
  if (context !== undefined) request.context = context;
  if (metadata !== undefined) request.metadata = metadata;
  if (aliases !== undefined && aliases.length > 0) request.aliases = aliases.map((alias) => MODEL + alias);
  return request;
}

/**
 * The request for a model call whose model cannot be determined. It is always denied, as
 * `INVALID_REQUEST`.
 *
 * @param fault why, as a sentence without foreign text: it becomes the reason of the decision
 *
 * @example
 * ```ts
 * import { ControlZero, undeterminedRequest } from '@controlzero/sdk';
 *
 * new ControlZero().evaluate(undeterminedRequest('llm.generate', 'The call names no model.')).allowed; // false
 * ```
 */
export function undeterminedRequest(action: ModelAction, fault: string, context?: Context): PolicyRequest {
  return { action, resource: '(undetermined model)', fault, ...(context !== undefined && { context }) };
}
