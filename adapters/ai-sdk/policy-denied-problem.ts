import { findPolicyDenied } from '../../src/index.ts';

/** A denial for end users, as a problem of RFC 9457. */
export interface PolicyDeniedProblem {
  readonly type: 'about:blank';
  readonly title: 'Forbidden';
  readonly status: 403;
  /** One sentence: what was denied. */
  readonly detail: string;
  readonly code: 'ERR_CZ_POLICY_DENIED';
  /** The model that was denied; left out when it was something else. */
  readonly model?: string;
}

/**
 * Describes a denied call to end users: it names the model, and neither rule nor policy nor agent.
 *
 * This is the body of `policyDeniedResponse()`. On its own it is for a stream that has started, where a
 * denial can only be told as text.
 *
 * @param error what was caught, a `RetryError` of the AI SDK included
 * @returns undefined when there is no denial in the error
 *
 * @example
 * ```ts
 * import { policyDeniedProblem } from '@controlzero/sdk/ai-sdk';
 *
 * // toUIMessageStream({ stream, onError })
 * export function onError(error: unknown): string {
 *   return policyDeniedProblem(error)?.detail ?? 'Something went wrong.';
 * }
 * ```
 */
export function policyDeniedProblem(error: unknown): PolicyDeniedProblem | undefined {
  const denied = findPolicyDenied(error);
  if (!denied) return undefined;
  const { code, status, request } = denied;
  const [kind = '', ...name] = request.resource.split('/');
  const model = kind === 'model' ? name.join('/') : undefined;
  const detail = model === undefined ? 'This is not allowed here.' : `The model ${model} may not be used here.`;
  return { type: 'about:blank', title: 'Forbidden', status, detail, code, ...(model !== undefined && { model }) };
}
