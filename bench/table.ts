/** Figures that are no times per call. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly [name: string, ...figures: (number | null)[]])[];
}

/** Something that is measured in processes of its own. */
export interface Measurement {
  readonly name: string;
  readonly measure: (options: { readonly isQuick: boolean }) => Promise<Table[]>;
}

const FIRST = 36;
const OTHERS = 16;

function figure(value: number | null): string {
  if (value === null) return '-';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** A table for a terminal. */
export function formatTable({ title, columns, rows }: Table): string {
  const line = ([name = '', ...cells]: readonly string[]): string =>
    [name.padEnd(FIRST), ...cells.map((cell) => cell.padStart(OTHERS))].join('');
  return [
    title,
    line(['', ...columns]),
    ...rows.map(([name, ...figures]) => line([name, ...figures.map(figure)])),
  ].join('\n');
}
