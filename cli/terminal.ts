import { styleText } from 'node:util';

/** What every command takes. */
export interface CommonOptions {
  readonly policy?: string;
  readonly json?: true;
}

/** How the process ends: fine or allowed; denied, failed or invalid; wrong usage. */
export const EXIT = { fine: 0, failed: 1, usage: 2 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Thrown when a command was called in a wrong way. */
export class UsageError extends Error {}

// What goes into a pipe or a file carries no colours, and NO_COLOR is the wish to see none.
const isColoured = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';

/** A text in a colour, on terminals. */
export function colour(name: 'red' | 'green' | 'yellow' | 'dim' | 'bold', text: string): string {
  return isColoured ? styleText(name, text, { validateStream: false }) : text;
}

// Colours pass; everything else that steers a terminal could come from a policy or a record.
const STEERING = /\p{Cc}\[\d+m|[\p{Cc}\p{Cf}]/gu;

/** One line on the standard output, or several. */
export function print(text: string): void {
  const safe = text.replaceAll(STEERING, (found) => {
    if (found.startsWith('\n') || (isColoured && found.length > 1)) return found;
    return JSON.stringify(found).slice(1, -1);
  });
  process.stdout.write(`${safe}\n`);
}

/** A result as one JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** The effect in its colour. */
export function showEffect(effect: string): string {
  if (effect === 'deny') return colour('red', effect);
  return colour(effect === 'warn' ? 'yellow' : 'green', effect);
}

/** How many of something, in words. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
