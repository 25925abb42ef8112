// Engines copy what is shorter anyway.
const SHORTEST_CUT = 12;

/** A text of its own: one cut out of a request body keeps the whole body alive for as long as it is kept. */
export function ownCopy<Value>(value: Value): Value {
  return typeof value === 'string' && value.length > SHORTEST_CUT
    ? (JSON.parse(JSON.stringify(value)) as Value)
    : value;
}
