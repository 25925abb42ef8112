import { expect, test } from 'vitest';

import type { ReportedRun } from '../../bench/tables.ts';
import { renewTables } from '../../bench/tables.ts';

const cost = (fastest: number): ReportedRun['groups'][number]['cases'][number]['nanoseconds'] => ({
  fastest,
  p50: fastest,
  p90: fastest,
  p99: fastest,
});
const ratio = (fastest: number): ReportedRun['groups'][number]['cases'][number]['ratio'] => ({
  fastest,
  p10: fastest,
  p50: fastest,
  p90: fastest,
});

const RUN: ReportedRun = {
  groups: [
    ...[4, 100, 1000, 10_000, 100_000].map((count) => ({
      title: `${count} rules, hot: one request again and again`,
      cases: [
        { name: '@controlzero/sdk', nanoseconds: cost(count), ratio: ratio(1) },
        ...(count > 100 ? [] : [{ name: 'slow', nanoseconds: cost(1_234_567), ratio: ratio(2) }]),
      ],
    })),
    {
      title: 'Growth, mixed rules, hot, memo on',
      cases: [
        { name: '100 rules', nanoseconds: cost(50), ratio: ratio(1) },
        { name: '100,000 rules', nanoseconds: cost(75), ratio: ratio(1.5) },
      ],
    },
    { title: 'A call', cases: [{ name: 'raw', nanoseconds: cost(60_641), ratio: ratio(1) }] },
  ],
  tables: [
    {
      title: 'An import',
      columns: ['ms', 'count'],
      rows: [
        ['micromatch', 8.2213, 1234],
        ['ours', null, 2],
      ],
    },
  ],
};

const page = (tables: readonly string[][]): string =>
  [
    '## Growth',
    ...(tables[0] ?? []),
    '### One request again and again (or so)',
    ...(tables[1] ?? []),
    'Text.',
    '',
  ].join('\n');

test('tables under the headings of what was measured are made anew', () => {
  const old = page([
    ['| Mixed rules | 100 | 100,000 | more |', '| --- | --: | --: | --: |', '| hot, memo on | 1 ns | 2 ns | 2.00 |'],
    ['| old |', '| --- |', '| row |'],
  ]);
  expect(renewTables(old, RUN).split('\n')).toEqual([
    '## Growth',
    '| Mixed rules | 100 | 100,000 | more |',
    '| --- | ---: | ---: | ---: |',
    '| hot, memo on | 50 ns | 75 ns | 1.50 |',
    '### One request again and again (or so)',
    '|  | 4 rules | 100 rules | 1,000 rules | 10,000 rules | 100,000 rules |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    '| **@controlzero/sdk** | 4 ns | 100 ns | 1 µs | 10 µs | 100 µs |',
    '| slow | 1.23 ms | 1.23 ms | - | - | - |',
    'Text.',
    '',
  ]);
  const measured = ['### A call', '| x |', '### An import', '| y |'].join('\n');
  expect(renewTables(measured, RUN).split('\n')).toEqual([
    '### A call',
    '|  | per call | p50 | p90 | p99 | ratio |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    '| raw | 60.6 µs | 60.6 µs | 60.6 µs | 60.6 µs | 1.00 |',
    '### An import',
    '|  | ms | count |',
    '| --- | ---: | ---: |',
    '| micromatch | 8.22 | 1,234 |',
    '| ours | - | 2 |',
  ]);
});

test('a table of something else, or with a row that was not measured, stays', () => {
  const other = [
    '## Growth',
    '| Mixed rules | 100 |',
    '| --- | --: |',
    '| hot, memo sideways | 1 ns |',
    '## Else',
    '| a |',
  ];
  expect(renewTables(other.join('\n'), RUN)).toBe(other.join('\n'));
});
