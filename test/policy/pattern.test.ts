import { describe, expect, test } from 'vitest';

import { MAX_ALTERNATIVES, MAX_EXPANDED_UNITS, MAX_PATTERN_LENGTH, parsePattern } from '../../src/policy/pattern.ts';

function fault(text: string): string {
  const parsed = parsePattern(text);
  return 'message' in parsed ? `${parsed.message} ${parsed.accepted}` : 'no fault';
}

describe('parsePattern', () => {
  test.each([
    ['', 'The pattern is empty. a name, or * for any'],
    ['!gpt-4', 'A pattern cannot be negated. a deny rule, or \\! for the character'],
    ['@(a|b)', 'Extended globs are not part of the pattern language. a list such as {a,b}, or \\( for a parenthesis'],
    ['gpt+(4)', 'Extended globs are not part of the pattern language. a list such as {a,b}, or \\( for a parenthesis'],
    ['*(a)', 'Extended globs are not part of the pattern language. a list such as {a,b}, or \\( for a parenthesis'],
    ['a?(b)', 'Extended globs are not part of the pattern language. a list such as {a,b}, or \\( for a parenthesis'],
    ['a!(b)', 'Extended globs are not part of the pattern language. a list such as {a,b}, or \\( for a parenthesis'],
    ['{@(a),b}', 'Extended globs are not part of the pattern language. a list such as {a,b}, or \\( for a parenthesis'],
    [
      '{1..9}',
      'Number and letter ranges in braces are not part of the pattern language. a set such as [1-9] or a list such as {1,2,3}',
    ],
    ['gpt-[', 'The set is not closed. [abc], or \\[ for the character'],
    ['gpt-[a', 'The set is not closed. [abc], or \\[ for the character'],
    ['gpt-[a-', 'The set is not closed. [abc], or \\[ for the character'],
    ['[]', 'The set is empty. [abc], or \\[\\] for the characters'],
    ['[!]', 'The set is empty. [abc], or \\[\\] for the characters'],
    ['[^a]', '"^" at the head of a set has two meanings. [!abc] to negate, [\\^abc] for the character'],
    ['[z-a]', 'The range runs backwards. a range from low to high, such as [a-z]'],
    ['[[:alpha:]]', 'A set holds no second bracket. \\[ for the character'],
    ['{a,b', 'The list is not closed. {a,b}, or \\{ for the character'],
    ['{a}', 'A list needs two items or more. {a,b}, or \\{ for the character'],
    ['{}', 'A list needs two items or more. {a,b}, or \\{ for the character'],
    ['{a,{b,c}}', 'Lists do not nest. one list, with every item written out'],
    ['a}', '"}" closes nothing. \\} for the character itself'],
    ['a]', '"]" closes nothing. \\] for the character itself'],
    ['a\\', 'The pattern ends in an escape. \\\\ for a backslash'],
  ])('refuses %j and says what to write', (text, expected) => {
    expect(fault(text)).toBe(expected);
  });

  test.each([
    'gpt-4',
    '*',
    'a|b',
    '(a)',
    'a,b',
    '\\!a',
    'a!b',
    '[a-]',
    '[-a]',
    '[!!]',
    '[a-c-e]',
    '[\\]]',
    '{a,}',
    '{,a}',
    '\\{1..9\\}',
    '{a..b,c}',
    '[@](a)',
  ])('takes %j', (text) => {
    expect(fault(text)).toBe('no fault');
  });

  test('takes patterns up to the limits, and not beyond', () => {
    expect(fault('a'.repeat(MAX_PATTERN_LENGTH))).toBe('no fault');
    expect(fault('a'.repeat(MAX_PATTERN_LENGTH + 1))).toContain('at most 512');
    const pairs = (count: number): string => '{a,b}'.repeat(count);
    expect(2 ** 9).toBeLessThanOrEqual(MAX_ALTERNATIVES);
    expect(fault(pairs(9))).toBe('no fault');
    expect(fault(pairs(10))).toContain('at most 1000');
    expect(fault(`${pairs(9)}${'a'.repeat(MAX_EXPANDED_UNITS / 512 - 9)}`)).toBe('no fault');
    expect(fault(`${pairs(9)}${'a'.repeat(MAX_EXPANDED_UNITS / 512 - 8)}`)).toContain('at most 8192');
  });
});
