import { ControlZeroError, nameErrors } from '../../errors.ts';
import type { Bypass } from './bypass.ts';
import { describeBypass } from './bypass.ts';

const MOST_LISTED = 20;

function counted(bypasses: readonly Bypass[]): string[] {
  const counts = new Map<string, number>();
  for (const line of bypasses.map(describeBypass)) counts.set(line, (counts.get(line) ?? 0) + 1);
  return Array.from(counts, ([line, count]) => (count === 1 ? `  ${line}` : `  ${line}, ${count} times`));
}

/**
 * Thrown by a detector that found model requests which no governed wrapper judged. The requests have been
 * sent: a detector is for tests and development, and stops nothing.
 *
 * @example
 * ```ts
 * import { BypassDetectedError } from '@controlzero/sdk/testing';
 *
 * export const sitesOf = (error: unknown): readonly (string | undefined)[] =>
 *   error instanceof BypassDetectedError ? error.bypasses.map(({ site }) => site) : [];
 * ```
 */
export class BypassDetectedError extends ControlZeroError {
  static override readonly brand: string = 'BypassDetectedError';
  declare readonly code: 'ERR_CZ_BYPASS_DETECTED';
  /** Every one, in the order in which they were sent. */
  readonly bypasses: readonly Bypass[];

  constructor(bypasses: readonly Bypass[]) {
    const lines = counted(bypasses);
    const listed = lines.slice(0, MOST_LISTED);
    if (lines.length > MOST_LISTED) listed.push(`  and ${lines.length - MOST_LISTED} more in error.bypasses`);
    const requests = bypasses.length === 1 ? 'One model request was' : `${bypasses.length} model requests were`;
    super({ code: 'ERR_CZ_BYPASS_DETECTED', message: `${requests} not governed:\n${listed.join('\n')}` });
    this.bypasses = bypasses;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), bypasses: this.bypasses };
  }
}

nameErrors(BypassDetectedError, 'BypassDetectedError');
