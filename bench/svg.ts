// Charts as plain SVG, readable on light and dark pages: grey text, no background.

const TEXT = '#768390';
const GRID = '#76839055';
const OURS = '#2f81f7';
const THEIRS = '#8c959f';
const COLORS = [
  '#8c959f',
  '#bf8700',
  '#a371f7',
  '#db61a2',
  '#57ab5a',
  '#e5534b',
  '#2da7a0',
  '#b35900',
  '#6e7fd1',
  '#a0a832',
] as const;

/** One value of a bar chart. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly isOurs: boolean;
}

/** One line of a line chart. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly isOurs: boolean;
}

interface Chart {
  readonly title: string;
  /** How a value is written. */
  readonly write: (value: number) => string;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function text(content: string, at: string, more = ''): string {
  return `<text ${at} fill="${TEXT}" font-family="system-ui, sans-serif" font-size="12" ${more}>${escaped(content)}</text>`;
}

function svg(width: number, height: number, parts: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`;
  return [head, ...parts, '</svg>', ''].join('\n');
}

function title(content: string): string {
  return text(content, 'x="12" y="22"', 'font-weight="600"');
}

/** Horizontal bars; on a logarithmic scale where values are far apart. */
export function barChart(
  bars: readonly Bar[],
  { title: heading, write, isLinear }: Chart & { isLinear: boolean },
): string {
  const values = bars.map(({ value }) => value);
  const lowest = Math.min(...values) / 2;
  const highest = Math.max(...values);
  const share = (value: number): number =>
    isLinear ? value / highest : Math.log(value / lowest) / Math.log(highest / lowest);
  const rows = bars.flatMap(({ name, value, isOurs }, index) => {
    const y = 44 + index * 26;
    const width = Math.max(2, share(value) * 360);
    return [
      text(name, `x="238" y="${y + 13}"`, 'text-anchor="end"'),
      `<rect x="246" y="${y}" width="${width.toFixed(1)}" height="18" rx="3" fill="${isOurs ? OURS : THEIRS}"/>`,
      text(write(value), `x="${(254 + width).toFixed(1)}" y="${y + 13}"`),
    ];
  });
  return svg(720, 56 + bars.length * 26, [title(heading), ...rows]);
}

/** Lines over two logarithmic scales. */
export function lineChart(lines: readonly Line[], { title: heading, write }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const scale = (values: readonly number[], [from, to]: readonly [number, number]) => {
    const [low, high] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
    return (value: number): number => from + ((Math.log10(value) - low) / (high - low)) * (to - from);
  };
  const x = scale(xs, [80, 520]);
  const y = scale(ys, [330, 50]);
  const columns = [...new Set(xs)].toSorted((a, b) => a - b);
  const decades = Array.from({ length: 12 }, (_, power) => 10 ** power).filter(
    (value) => value >= Math.min(...ys) && value <= Math.max(...ys),
  );
  const grid = [
    ...decades.map((value) => `<path d="M80 ${y(value).toFixed(1)}H520" stroke="${GRID}"/>`),
    ...decades.map((value) => text(write(value), `x="72" y="${(y(value) + 4).toFixed(1)}"`, 'text-anchor="end"')),
    ...columns.map((value) =>
      text(value.toLocaleString('en'), `x="${x(value).toFixed(1)}" y="352"`, 'text-anchor="middle"'),
    ),
    text('rules', 'x="300" y="374"', 'text-anchor="middle"'),
  ];
  let lastLabel = Number.NEGATIVE_INFINITY;
  const byHeight = lines.toSorted((a, b) => y(a.points.at(-1)?.[1] ?? 1) - y(b.points.at(-1)?.[1] ?? 1));
  const drawn = byHeight.flatMap(({ name, points: own, isOurs }, index) => {
    const color = isOurs ? OURS : (COLORS[index % COLORS.length] ?? THEIRS);
    const path = own.map(([px, py], at) => `${at === 0 ? 'M' : 'L'}${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join('');
    const [endX, endY] = own.at(-1) ?? [1, 1];
    lastLabel = Math.max(lastLabel + 15, y(endY) + 4);
    const label = `<text x="544" y="${lastLabel.toFixed(1)}" fill="${color}" font-family="system-ui, sans-serif" font-size="12">${escaped(name)}</text>`;
    const [fromX, fromY] = [(x(endX) + 3).toFixed(1), y(endY).toFixed(1)];
    const leader = `<path d="M${fromX} ${fromY}L540 ${(lastLabel - 4).toFixed(1)}" stroke="${color}" stroke-width="0.75" stroke-dasharray="2 3"/>`;
    return [`<path d="${path}" fill="none" stroke="${color}" stroke-width="${isOurs ? 3 : 1.5}"/>`, leader, label];
  });
  return svg(780, 384, [title(heading), ...grid, ...drawn]);
}
