import type { Bypass } from '../../src/testing/index.ts';

/** The model of each bypass, and its place as `file.ts:line`. */
export function found(
  bypasses: readonly Bypass[],
): (readonly [model: string | undefined, place: string | undefined])[] {
  return bypasses.map(({ model, site = '' }) => [model, /[^/]+\.ts:\d+/u.exec(site)?.[0]]);
}

/** The place below the one from which it is called. */
export function nextLine(): string {
  const [, , frame = ''] = (new Error('here').stack ?? '').split('\n');
  const { file, line } = /(?<file>[^/]+\.ts):(?<line>\d+)/u.exec(frame)?.groups ?? {};
  return `${file}:${Number(line) + 1}`;
}
