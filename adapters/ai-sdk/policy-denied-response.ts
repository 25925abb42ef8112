import { findPolicyDenied } from '../../src/index.ts';

/**
 * The answer of a web server to a denied call: 403 with `application/problem+json` (RFC 9457). It may be
 * shown to end users: it names the action and the model, and neither rule nor policy nor agent.
 *
 * The denial is looked for inside errors of the AI SDK as well (`RetryError`).
 *
 * @param error what was caught
 * @throws whatever was given, when there is no denial in it: anything else is not for this function to answer
 *
 * @example
 * ```ts
 * import { ControlZero } from '@controlzero/sdk';
 * import { assertModelAllowed, policyDeniedResponse } from '@controlzero/sdk/ai-sdk';
 *
 * const cz = new ControlZero({ policy: { rules: [] } });
 * const response = await assertModelAllowed('gpt-4', cz).then(() => undefined, policyDeniedResponse);
 * console.log(response?.status, response?.headers.get('content-type')); // 403 application/problem+json
 * ```
 */
export function policyDeniedResponse(error: unknown): Response {
  const denied = findPolicyDenied(error);
  if (!denied) throw error;
  const { code, status, request } = denied;
  const [kind = '', ...name] = request.resource.split('/');
  const detail = kind === 'model' ? `The model ${name.join('/')} may not be used here.` : 'This is not allowed here.';
  return Response.json(
    { type: 'about:blank', title: 'Forbidden', status, detail, code },
    { status, headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' } },
  );
}
