import * as fc from 'fast-check';
import micromatch from 'micromatch';
import { describe, expect, test } from 'vitest';

import { compileMatcher } from '../../src/engine/wildcard.ts';
import { parsePattern } from '../../src/policy/pattern.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';
import { toRegExp, writeOutLists } from '../support/naive-evaluator.ts';

const PAIRS = 1_000_000;
const seed = fuzzSeed();
// The meaning that micromatch gives the same pattern with these options is ours, outside of its known defects.
const MICROMATCH = {
  bash: true,
  dot: true,
  nonegate: true,
  noextglob: true,
  posix: true,
  strictSlashes: true,
  flags: 's',
} as object;

function matches(pattern: string, name: string): boolean {
  const parsed = parsePattern(pattern);
  if ('message' in parsed) throw new Error(`${pattern}: ${parsed.message}`);
  return compileMatcher([parsed])(name);
}

function pieces(list: readonly string[], maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...list), { minLength: 1, maxLength }).map((parts) => parts.join(''));
}

const PATTERN_PIECES = [
  'a',
  'b',
  'ab',
  '-',
  '/',
  '.',
  '*',
  '*',
  '**',
  '?',
  '[ab]',
  '[!a]',
  '[a-z]',
  '[\\]a]',
  '[-a]',
  '{a,b}',
  '{a*,[!b]?,}',
  '\\*',
  '\\\\',
  '+',
  '^',
  '$',
  '|',
  ')',
  '😀',
  '\n',
  'é',
];
const NAME_PIECES = ['a', 'b', 'ab', '-', '/', '.', '*', '\\', '+', '^', '$', '|', ')', ']', '😀', '\n', 'é', '\uD83D'];
const isPattern = (text: string): boolean => !('message' in parsePattern(text));

describe('the matcher', () => {
  test('agrees with regular expressions on a million pairs', { timeout: 300_000 }, () => {
    let compared = 0;
    let matched = 0;
    const property = fc.property(
      pieces(PATTERN_PIECES, 7).filter(isPattern),
      fc.array(pieces(NAME_PIECES, 7), { minLength: 100, maxLength: 100 }),
      (pattern, names) => {
        const parsed = parsePattern(pattern);
        if ('message' in parsed) throw new Error(parsed.message);
        const own = compileMatcher([parsed]);
        const oracles = writeOutLists(pattern).map(toRegExp);
        for (const name of names) {
          const expected = oracles.some((oracle) => oracle.test(name));
          if (own(name) !== expected)
            expect({ pattern, name, matches: own(name) }).toEqual({ pattern, name, matches: expected });
          compared += 1;
          matched += expected ? 1 : 0;
        }
      },
    );
    for (let round = 0; compared < PAIRS; round += 1) fc.assert(property, { seed: seed + round, numRuns: 500 });
    console.log(
      `compared ${compared} pairs with regular expressions (${matched} matches), 0 differences, FUZZ_SEED=${seed}`,
    );
    expect(matched).toBeGreaterThan(PAIRS / 100);
  });

  test('agrees with micromatch on what both mean', { timeout: 300_000 }, () => {
    // Without "/" in front of stars, "?" and "[!" beside slashes, and "+" behind a bracket: its known defects.
    const shared = pieces(['a', 'b', 'gpt', '4', '-', '.', '*', '?', '[ab]', '[a-z]', '[!a]', '{a,b}', '{gpt,b-a}'], 6);
    const name = pieces(['a', 'b', 'gpt', '4', '-', '.', 'c'], 6);
    let compared = 0;
    let matched = 0;
    const property = fc.property(shared, fc.array(name, { minLength: 200, maxLength: 200 }), (pattern, names) => {
      const text = `model/${pattern}`;
      const theirs = micromatch.matcher(text, MICROMATCH);
      const parsed = parsePattern(text);
      if ('message' in parsed) throw new Error(parsed.message);
      const own = compileMatcher([parsed]);
      for (const plain of names) {
        const full = `model/${plain}`;
        const expected = theirs(full);
        if (own(full) !== expected)
          expect({ text, full, matches: own(full) }).toEqual({ text, full, matches: expected });
        compared += 1;
        matched += expected ? 1 : 0;
      }
    });
    fc.assert(property, { seed, numRuns: 5000 });
    console.log(`compared ${compared} pairs with micromatch (${matched} matches), 0 differences, FUZZ_SEED=${seed}`);
    expect(compared).toBe(PAIRS);
    expect(matched).toBeGreaterThan(1000);
  });

  test('agrees with micromatch on names with slashes, stars crossing them', () => {
    for (const [pattern, name] of [
      ['model/*', 'model/openai/gpt-4'],
      ['*', 'model/gpt-4'],
      ['model/*', 'model/.hidden'],
      ['model/gpt-4*', 'model/gpt-4/'],
      ['*/gpt-4', 'model/gpt-4'],
    ] as const) {
      expect(matches(pattern, name), pattern).toBe(true);
      expect(micromatch.isMatch(name, pattern, MICROMATCH), pattern).toBe(true);
    }
  });

  test.each([
    ['"**/" at the head of a segment may match nothing there', 'model/**/gpt-4', 'model/gpt-4', false],
    ['"?" never matches a slash there', 'model/a?b', 'model/a/b', true],
    ['a negated set never matches a slash there', 'model/a[!x]b', 'model/a/b', true],
    ['parentheses are groups there', 'model/(gpt|o3)', 'model/gpt', false],
    ['"+" behind a set repeats it there', 'model/[0-9]+', 'model/12', false],
    ['a set also stands for its own text there', 'model/gpt-4[beta]', 'model/gpt-4[beta]', false],
  ])('differs from micromatch on purpose: %s', (_, pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
    expect(micromatch.isMatch(name, pattern, MICROMATCH)).toBe(!expected);
  });

  test.each([
    ['*', '', true],
    ['a*', 'a', true],
    ['a*a', 'a', false],
    ['*a*b*', 'xaxbx', true],
    ['*a*b*', 'xbxax', false],
    ['a?', 'a😀', false],
    ['a??', 'a😀', true],
    ['[!a]', '', false],
    ['{a,b}{c,d}', 'bc', true],
    ['\\{a,b\\}', '{a,b}', true],
    ['GPT', 'gpt', false],
    ['aa*aa', 'aaa', false],
    ['*[ab]*[ab]', 'xaxb', true],
  ])('%s on %j: %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });
});
