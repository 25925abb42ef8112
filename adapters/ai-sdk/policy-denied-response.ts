import { policyDeniedProblem } from './policy-denied-problem.ts';

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
  const problem = policyDeniedProblem(error);
  if (!problem) throw error;
  const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' };
  return Response.json(problem, { status: problem.status, headers });
}
