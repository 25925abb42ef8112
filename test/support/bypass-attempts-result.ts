import { findPolicyDenied } from '../../src/index.ts';

/** A server that keeps what it was sent. */
export interface RecordingServer<Request> {
  readonly url: string;
  readonly requests: readonly Request[];
  reset(): void;
}

/** What came of one attempt. */
export interface AttemptResult {
  readonly name: string;
  /** Models that were never judged and that the server would have run. */
  readonly leaks: readonly unknown[];
  readonly outcome: 'denied' | 'sent' | 'failed';
  /** Why it was denied or failed. */
  readonly message: string;
}

/** Models that an attempt got out. */
interface Leak {
  readonly name: string;
  readonly models: readonly unknown[];
}

/** Makes one attempt, and says how it ended. */
export async function outcomeOf(run: () => unknown): Promise<Pick<AttemptResult, 'outcome' | 'message'>> {
  try {
    await run();
    return { outcome: 'sent', message: '' };
  } catch (error) {
    const denial = findPolicyDenied(error);
    return { outcome: denial ? 'denied' : 'failed', message: String(denial ?? error).slice(0, 200) };
  }
}

/** The attempts that got something out. */
export function leaksIn(results: readonly AttemptResult[]): Leak[] {
  return results.filter(({ leaks }) => leaks.length > 0).map(({ name, leaks }) => ({ name, models: leaks }));
}

/** How many attempts ended in one way. */
export function count(results: readonly AttemptResult[], outcome: AttemptResult['outcome']): number {
  return results.filter((result) => result.outcome === outcome).length;
}
