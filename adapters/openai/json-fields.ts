/** One field of a JSON object, and where its value stands in the text. */
export interface JsonField {
  readonly key: string;
  readonly value: unknown;
  readonly start: number;
  readonly end: number;
}

function endOfString(text: string, quote: number): number {
  let end = text.indexOf('"', quote + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character === '{' || character === '[') depth += 1;
    else if (depth === 0 && (character === ',' || character === '}')) return at;
    else if (character === '}' || character === ']') depth -= 1;
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
