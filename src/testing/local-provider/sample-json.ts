type Schema = Readonly<Record<string, unknown>>;

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sampleObject(schema: Schema): Record<string, unknown> {
  const { properties } = schema;
  const entries = isSchema(properties) ? Object.entries(properties) : [];
  return Object.fromEntries(entries.map(([key, property]) => [key, sampleJson(property)]));
}

const SAMPLES: ReadonlyMap<unknown, unknown> = new Map<unknown, unknown>([
  ['number', 1],
  ['integer', 1],
  ['boolean', true],
  ['null', null],
]);

/** The smallest sensible value that fits a JSON Schema of objects, lists, enums and scalars. */
export function sampleJson(schema: unknown): unknown {
  if (!isSchema(schema)) return 'sample';
  const { enum: choices, const: constant, type, items } = schema;
  if (Array.isArray(choices)) return choices[0] as unknown;
  if (constant !== undefined) return constant;
  const kind: unknown = Array.isArray(type) ? type[0] : type;
  if (kind === 'object') return sampleObject(schema);
  if (kind === 'array') return [sampleJson(items)];
  return SAMPLES.has(kind) ? SAMPLES.get(kind) : 'sample';
}
