// One chart for each question, and the tables of docs/performance.md, from the report of a run:
// `npm run bench -- --json > run.json`, then `npm run bench:charts -- run.json`, then `npm run format`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { GroupReport } from './report.ts';
import type { Bar, Line } from './svg.ts';
import { barChart, lineChart } from './svg.ts';
import type { ReportedRun } from './tables.ts';
import { renewTables } from './tables.ts';

const OVERHEADS = ['create(), beside', 'invoke(), beside', 'embedQuery()', 'AI SDK 7: generateText(), beside'];
const OURS = '@controlzero/sdk';
const folder = join(dirname(fileURLToPath(import.meta.url)), '../docs/charts');
const [, , file = ''] = process.argv;
const run = JSON.parse(readFileSync(file, 'utf8')) as ReportedRun;
const { groups } = run;

function time(nanoseconds: number): string {
  if (nanoseconds < 1000) return `${Math.round(nanoseconds)} ns`;
  if (nanoseconds < 1_000_000) return `${Number((nanoseconds / 1000).toPrecision(2))} µs`;
  return `${Number((nanoseconds / 1_000_000).toPrecision(2))} ms`;
}

function find(part: string): GroupReport {
  const group = groups.find(({ title }) => title.includes(part));
  if (!group) throw new Error(`The report has no "${part}".`);
  return group;
}

function growthLines(): Line[] {
  const lines = new Map<string, [number, number][]>();
  for (const { title, cases } of groups) {
    const count = Number(/^(\d+) rules, never seen/u.exec(title)?.[1]);
    if (Number.isNaN(count)) continue;
    for (const { name, nanoseconds } of cases) {
      if (name.startsWith('FLOOR') || name.includes('memo off')) continue;
      lines.set(name, [...(lines.get(name) ?? []), [count, nanoseconds.fastest]]);
    }
  }
  return [...lines]
    .filter(([, points]) => points.length > 2)
    .map(([name, points]) => ({ name, points, isOurs: name === OURS }));
}

function peerBars(): Bar[] {
  const { cases } = find('1000 rules, fresh');
  return cases
    .filter(({ name }) => !name.includes('memo off'))
    .map(({ name, nanoseconds }) => ({ name, value: nanoseconds.fastest, isOurs: name === OURS }))
    .toSorted((a, b) => a.value - b.value);
}

function overheadBars(): Bar[] {
  return OVERHEADS.flatMap((part) => {
    const { title, cases } = find(part);
    const [, subject = title] = /: (?:\w+\.(?=\w+\(\)))?([\w.]+\(\))/u.exec(title) ?? [];
    return cases
      .filter(({ name }) => !/, denied|sends to a stub|^raw$/u.test(name))
      .map(({ name, ratio }) => ({
        name: name.startsWith('raw again') ? `${subject} raw again` : name,
        value: ratio.fastest,
        isOurs: name.endsWith('()'),
      }));
  });
}

mkdirSync(folder, { recursive: true });
const growth = lineChart(growthLines(), { title: 'One decision about a request never seen before', write: time });
const peers = barChart(peerBars(), {
  title: 'One decision, 1,000 rules, requests built for each call (logarithmic)',
  write: time,
  isLinear: false,
});
const overhead = barChart(overheadBars(), {
  title: 'A governed call as a multiple of the raw call',
  write: (value) => `${value.toFixed(2)} x`,
  isLinear: true,
});
for (const [name, chart] of Object.entries({ growth, peers, overhead }))
  writeFileSync(join(folder, `${name}.svg`), chart);

const page = join(folder, '../performance.md');
writeFileSync(page, renewTables(readFileSync(page, 'utf8'), run));
