/** What a call ended with instead of an answer (RFC 9457). Server and page know this shape. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  /** One sentence for the person in front of the page. */
  readonly detail: string;
  /** The model that was denied. */
  readonly model?: string;
}

export const UNKNOWN_PROBLEM: Problem = {
  status: 500,
  code: 'ERR_UNKNOWN',
  detail: 'Something went wrong. Please try again.',
};

export const NOT_SIGNED_IN: Problem = { status: 401, code: 'ERR_NOT_SIGNED_IN', detail: 'Please sign in first.' };
export const BAD_REQUEST: Problem = { status: 400, code: 'ERR_BAD_REQUEST', detail: 'This request cannot be read.' };

/** Whether the policy said no. */
export function isDenial({ code }: Problem): boolean {
  return code === 'ERR_CZ_POLICY_DENIED';
}

/** Reads a problem from text: the body of an answer, or the error part of a stream. `useChat` gives both alike. */
export function readProblem(text: string): Problem {
  try {
    const { status, code, detail, model } = JSON.parse(text) as Partial<Problem>;
    if (typeof status !== 'number' || typeof code !== 'string' || typeof detail !== 'string') return UNKNOWN_PROBLEM;
    return { status, code, detail, ...(typeof model === 'string' && { model }) };
  } catch {
    return UNKNOWN_PROBLEM;
  }
}
