const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const NOT_PLAIN = /[^ -~]/u;
const LONGEST = 200;

/**
 * A piece of foreign text made safe for one line of a message: control, format and line-breaking
 * characters are escaped, and more than 200 characters are cut.
 */
export function printable(text: string): string {
  if (text.length <= LONGEST && !NOT_PLAIN.test(text)) return text;
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return cut.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
}
