import type { GroupReport } from './report.ts';
import type { Table } from './table.ts';

/** What a run has found out, as far as a page shows it. */
export interface ReportedRun {
  readonly groups: readonly GroupReport[];
  readonly tables: readonly Table[];
}

const OURS = '@controlzero/sdk';
const SIZES = [4, 100, 1000, 10_000, 100_000];
// How the page calls the streams of requests that every engine is asked.
const STREAMS: readonly (readonly [heading: string, title: string])[] = [
  ['One request again and again', 'hot: '],
  ['12 models and 64 agents', 'fresh: '],
  ['32,768 different requests', 'never seen: '],
];

function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

function time(nanoseconds: number): string {
  if (nanoseconds < 999.5) return `${Math.round(nanoseconds)} ns`;
  return nanoseconds < 999_500 ? `${short(nanoseconds / 1000)} µs` : `${short(nanoseconds / 1_000_000)} ms`;
}

function lines(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

function engineTable(groups: readonly GroupReport[], stream: string): readonly string[] | undefined {
  const sizes = SIZES.map((count) => groups.find(({ title }) => title.startsWith(`${count} rules, ${stream}`)));
  const names = sizes[0]?.cases.map(({ name }) => name) ?? [];
  const rows = names.map((name) => {
    const costs = sizes.map((group) => group?.cases.find((one) => one.name === name)?.nanoseconds.fastest);
    const shown = costs.map((cost) => (cost === undefined ? '-' : time(cost)));
    return [name === OURS ? `**${name}**` : name].concat(shown);
  });
  const head = ['', ...SIZES.map((count) => `${count.toLocaleString('en')} rules`)];
  return sizes.every(Boolean) ? lines(head, rows) : undefined;
}

function groupTable({ cases }: GroupReport): readonly string[] {
  const rows = cases.map(({ name, nanoseconds, ratio }) => {
    const { fastest, p50, p90, p99 } = nanoseconds;
    return [name, ...[fastest, p50, p90, p99].map(time), ratio.fastest.toFixed(2)];
  });
  return lines(['', 'per call', 'p50', 'p90', 'p99', 'ratio'], rows);
}

function measuredTable({ columns, rows }: Table): readonly string[] {
  const cells = rows.map(([name, ...figures]) => [name, ...figures.map((one) => (one === null ? '-' : short(one)))]);
  return lines(['', ...columns], cells);
}

// One row for each group: what it costs at each size, and how much more at the largest one.
function growthTable(groups: readonly GroupReport[], given: readonly string[]): readonly string[] | undefined {
  const [head = '', , ...rows] = given;
  const grown = rows.map((row) => {
    const [, name = ''] = row.split('|').map((cell) => cell.trim());
    const titles = new Set([`Growth, mixed rules, ${name}`, `${name}, memo off`]);
    const costs = groups.find(({ title }) => titles.has(title))?.cases.map((one) => one.nanoseconds.fastest);
    const [first = 0, last = 0] = [costs?.at(0), costs?.at(-1)];
    return costs && [name, ...costs.map(time), (last / first).toFixed(2)];
  });
  const known = grown.filter((row) => row !== undefined);
  const columns = head.split('|').slice(1, -1);
  return known.length === rows.length
    ? lines(
        columns.map((cell) => cell.trim()),
        known,
      )
    : undefined;
}

function renewed({ groups, tables }: ReportedRun, heading: string, given: readonly string[]): readonly string[] {
  const stream = STREAMS.find(([start]) => heading.startsWith(start));
  const group = groups.find(({ title }) => title === heading);
  const table = tables.find(({ title }) => title === heading);
  const made =
    (stream && engineTable(groups, stream[1])) ??
    (group && groupTable(group)) ??
    (table && measuredTable(table)) ??
    (heading === 'Growth' ? growthTable(groups, given) : undefined);
  return made ?? given;
}

/**
 * A page in Markdown with the tables under its headings made anew from a run: those whose heading is the title of
 * something that was measured, and those of engines and of growth. All others stay.
 */
export function renewTables(page: string, run: ReportedRun): string {
  const made: string[] = [];
  let heading = '';
  let given: string[] = [];
  for (const line of `${page}\n`.split('\n')) {
    if (line.startsWith('|')) {
      given.push(line);
      continue;
    }
    if (given.length > 0) made.push(...renewed(run, heading, given));
    given = [];
    heading = /^#+ (?<text>.*)$/u.exec(line)?.groups?.['text'] ?? heading;
    made.push(line);
  }
  return made.slice(0, -1).join('\n');
}
