import { expect, test } from 'vitest';

import type { AttemptResult } from './bypass-attempts-result.ts';
import { leaksIn } from './bypass-attempts-result.ts';

/** Two gates around the same thing, whose policies contradict each other: one that the attempts know, and the opposite. */
export interface DisagreeingGates<Wrap> {
  /** With the policy of the attempts around what the opposite policy governs, or within it. */
  readonly wrap: (place: 'inside' | 'outside') => Wrap;
  readonly run: (wrap: Wrap) => Promise<readonly AttemptResult[]>;
}

/** Nothing gets through two gates that disagree, whichever is asked first. */
export function testDisagreeingGates<Wrap>({ wrap, run }: DisagreeingGates<Wrap>): void {
  test.each(['inside', 'outside'] as const)(
    'make no model run that the policy %s denies when two gates disagree',
    async (place) => {
      expect(leaksIn(await run(wrap(place)))).toEqual([]);
    },
  );
}
