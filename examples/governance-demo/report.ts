/** One call of the demo. */
export interface Row {
  readonly agent: string;
  readonly model: string;
  readonly decision: string;
  readonly rule: string;
  readonly reason: string;
  /** Requests that reached the provider because of this call. */
  readonly requests: number;
}

/** Which adapter the following scenes go through. */
interface AdapterHeading {
  readonly name: string;
  readonly title: string;
}

/** Shows the demo while it happens. */
export interface Report {
  start(provider: string): void;
  adapter(heading: AdapterHeading): void;
  scene(title: string): void;
  row(row: Row): void;
  end(): void;
}

const COLUMNS = [
  ['agent', 16],
  ['model', 24],
  ['decision', 10],
  ['rule', 24],
  ['reason', 15],
] as const;

const COUNT = 'requests that reached the provider';

function cell(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

/** A table on the terminal, row by row. */
export function tableReport(): Report {
  const header = COLUMNS.map(([name, width]) => cell(name, width)).join(' ');
  const rows: Row[] = [];
  return {
    start: (provider) => console.log(`Calls go to ${provider}.`),
    adapter: ({ title }) => console.log(`\n== ${title}`),
    scene: (title) =>
      console.log(`\n${title}\n\n  ${header} ${COUNT}\n  ${'-'.repeat(header.length + COUNT.length + 1)}`),
    row: (row) => {
      rows.push(row);
      console.log(`  ${COLUMNS.map(([name, width]) => cell(row[name], width)).join(' ')} ${row.requests}`);
    },
    end: () => {
      const denied = rows.filter(({ decision }) => decision === 'deny');
      const sent = denied.reduce((sum, { requests }) => sum + requests, 0);
      console.log(`\n${rows.length} calls, ${denied.length} of them denied; ${COUNT} because of those: ${sent}.`);
    },
  };
}

/** One JSON document at the end. */
export function jsonReport(): Report {
  const scenes: { adapter: string; title: string; calls: Row[] }[] = [];
  let adapter = '';
  return {
    start: () => undefined,
    adapter: ({ name }) => {
      adapter = name;
    },
    scene: (title) => void scenes.push({ adapter, title: title.trim(), calls: [] }),
    row: (row) => void scenes.at(-1)?.calls.push(row),
    end: () => console.log(JSON.stringify({ scenes }, undefined, 2)),
  };
}
