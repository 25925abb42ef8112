/** One field of a JSON object, and where its value stands in the text. */
export interface JsonField {
  readonly key: string;
  readonly value: unknown;
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
// The brackets differ from the braces by one bit.
const OPENING = 0x5b;
const CLOSING = 0x5d;
const BRACE_BIT = 0x20;

function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

function endOfString(text: string, quote: number): number {
  let end = text.indexOf('"', quote + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (code === COMMA && depth === 0) return at;
    else if ((code & ~BRACE_BIT) === OPENING) depth += 1;
    else if ((code & ~BRACE_BIT) === CLOSING && (depth -= 1) < 0) return at;
  }
  return text.length;
}

// The white space around a value is not part of it.
function readValue(text: string, offset: number): Omit<JsonField, 'key'> {
  const value = text.trim();
  const start = offset + text.indexOf(value);
  return { value: JSON.parse(value) as unknown, start, end: start + value.length };
}

/**
 * The top-level fields of a JSON object whose names satisfy a test, duplicates included: a parser keeps
 * one of two equal keys, and the server's parser may keep the other one.
 *
 * @returns undefined when the text is not a JSON object
 */
export function readJsonFields(text: string, isWanted: (key: string) => boolean): readonly JsonField[] | undefined {
  const parsed = parseObject(text);
  if (!parsed) return undefined;
  const fields: JsonField[] = [];
  // The text is valid JSON from here on, so every step of this walk finds what it looks for.
  let quote = text.indexOf('"');
  while (quote !== -1 && quote < text.length) {
    const keyEnd = endOfString(text, quote);
    const after = text.indexOf(':', keyEnd) + 1;
    const next = endOfValue(text, after);
    const key = JSON.parse(text.slice(quote, keyEnd)) as string;
    if (isWanted(key)) fields.push({ key, ...readValue(text.slice(after, next), after) });
    quote = text[next] === ',' ? text.indexOf('"', next) : -1;
  }
  return fields;
}

function parseObject(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
