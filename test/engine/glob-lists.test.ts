import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { LanguageComparison } from '../../src/engine/compare-languages.ts';
import { GlobLists } from '../../src/engine/glob-lists.ts';
import { mayMeet } from '../../src/engine/glob-meeting.ts';
import { VALUES, languageOfPatterns } from '../../src/engine/name-classes.ts';
import type { CutPattern } from '../../src/policy/glob.ts';
import { cutPattern } from '../../src/policy/glob.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';

const seed = fuzzSeed();
const WORDS = ['ab', 'ba', 'a😀', 'c', 'cab', '?', '[ab]', '[!c]'];

const pattern: fc.Arbitrary<CutPattern> = fc
  .tuple(fc.array(fc.constantFrom(...WORDS, '*'), { minLength: 1, maxLength: 4 }), fc.constantFrom('', '*'))
  .map(([words, star]) => cutPattern(words.join(star), 'value') as CutPattern);

test(
  'what shares a name with a glob is on a list for it, and globs that share one may meet',
  { timeout: 120_000 },
  () => {
    const comparison = new LanguageComparison();
    const counts = { shared: 0, leftOut: 0 };
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 40, maxLength: 50 }), pattern, (filed, asked) => {
        const lists = new GlobLists();
        for (const [number, { globs }] of filed.entries()) lists.add(globs, number);
        const found = new Set(lists.sharing(asked.globs).flat());
        counts.leftOut += filed.length - found.size;
        for (const [number, one] of filed.entries()) {
          if (!comparison.haveCommon(languageOfPatterns([one]), languageOfPatterns([asked]), VALUES)) continue;
          counts.shared += 1;
          expect([asked.text, one.text, found.has(number)]).toEqual([asked.text, one.text, true]);
          expect(one.globs.some((glob) => asked.globs.some((other) => mayMeet(glob, other)))).toBe(true);
        }
      }),
      { seed, numRuns: 300 },
    );
    console.log(`FUZZ_SEED=${seed} ${JSON.stringify(counts)}`);
    expect(counts.shared).toBeGreaterThan(300);
    expect(counts.leftOut).toBeGreaterThan(300);
  },
);
