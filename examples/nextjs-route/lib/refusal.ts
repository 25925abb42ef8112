import 'server-only';
import { PolicyUnavailableError } from '@controlzero/sdk';
import { policyDeniedProblem, policyDeniedResponse } from '@controlzero/sdk/ai-sdk';

import type { Problem } from './problem.ts';
import { UNKNOWN_PROBLEM } from './problem.ts';

const NO_POLICY = 'No policy is in force at present, so nothing may be used. Please try again later.';

/** Answers with a problem. */
export function problemResponse(problem: Problem): Response {
  return Response.json(problem, { status: problem.status, headers: { 'content-type': 'application/problem+json' } });
}

/**
 * The answer while no stream has started: 403 when the policy says no, 503 when nobody could be asked.
 * @throws every other error
 */
export function refusalResponse(error: unknown): Response {
  if (error instanceof PolicyUnavailableError)
    return problemResponse({ status: error.status, code: error.code, detail: NO_POLICY });
  return policyDeniedResponse(error);
}

/** The same inside a stream: its status is 200 for good, so the text of the error part has to say it. */
export function refusalText(error: unknown): string {
  return JSON.stringify(policyDeniedProblem(error) ?? UNKNOWN_PROBLEM);
}
