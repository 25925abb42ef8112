import { SHORTEST_NEEDLE } from './fingerprint.ts';

const SHORTEST_LINE = 16;

// Inside other text that was encoded, a value begins at any of three places of a group. What is left
// out depends on the neighbours.
function base64Middles(bytes: Uint8Array): string[] {
  return [0, 1, 2].map((offset) => {
    const text = btoa('\0'.repeat(offset) + String.fromCharCode(...bytes));
    return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
}

function inEncodings(value: string): string[] {
  const bytes = new TextEncoder().encode(value);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const base64 = base64Middles(bytes);
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value.toWellFormed()),
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

/** Every text that stands for a value: raw, its long lines, JSON-escaped, URL-encoded, hexadecimal, base64; 8 characters or more. */
export function needlesOf(value: string): string[] {
  // Printed objects show a text of many lines line by line. No regular expression: the engine keeps the
  // text that one was last matched against.
  const lines = value
    .replaceAll('\r', '\n')
    .split('\n')
    .filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'));
  const needles = new Set([value, ...lines].flatMap(inEncodings));
  return [...needles].filter((needle) => needle.length >= SHORTEST_NEEDLE);
}
