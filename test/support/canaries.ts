/** Values that must appear nowhere. */
export interface Canary {
  readonly name: string;
  readonly value: string;
}

/** A canary that was found. */
export interface Hit {
  readonly canary: string;
  readonly encoding: string;
}

/** The forms in which a canary is looked for, and planted to show that it would be found. */
export const ENCODINGS: Readonly<Record<string, (value: string) => string>> = {
  raw: (value) => value,
  base64: (value) => Buffer.from(value).toString('base64'),
  hex: (value) => Buffer.from(value).toString('hex'),
  url: (value) => encodeURIComponent(value),
};

// Inside a longer text base64 begins at one of three places; the ends depend on the neighbours.
function base64Parts(value: string): string[] {
  return ['', 'x', 'xx'].map((before) =>
    Buffer.from(before + value)
      .toString('base64')
      .slice(before.length + 1, -4),
  );
}

function formsOf(value: string): readonly (readonly [encoding: string, form: string])[] {
  const base64 = base64Parts(value);
  return [
    ['raw', value],
    ['raw', JSON.stringify(value).slice(1, -1)],
    // A part is a leak as well; the end of each is plain ASCII, which nobody escapes.
    ['raw', value.slice(4, 24)],
    ['raw', value.slice(-20)],
    ...[...base64, ...base64.map((part) => part.replaceAll('+', '-').replaceAll('/', '_'))].map(
      (part) => ['base64', part] as const,
    ),
    ['hex', ENCODINGS['hex']?.(value) ?? ''],
    ['hex', ENCODINGS['hex']?.(value).toUpperCase() ?? ''],
    ['url', encodeURIComponent(value)],
  ];
}

/** Looks for canaries in bytes, as UTF-8 and as UTF-16, in every encoding. */
export function findCanaries(text: string | Uint8Array, canaries: readonly Canary[]): Hit[] {
  const bytes = Buffer.from(text);
  return canaries.flatMap(({ name: canary, value }) => {
    const found = formsOf(value).filter(
      ([, form]) =>
        bytes.includes(form) || bytes.includes(Buffer.from(form, 'utf16le')) || bytes.includes(form, 0, 'latin1'),
    );
    return [...new Set(found.map(([encoding]) => encoding))].map((encoding) => ({ canary, encoding }));
  });
}
