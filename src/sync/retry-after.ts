const SHORTEST_MS = 1000;
const LONGEST_MS = 600_000;
// The three forms of a date in HTTP; all of them name a day of the week first.
const DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /u;

function readMs(text: string, now: number): number | undefined {
  if (/^\d{1,300}$/u.test(text)) return Number(text) * 1000;
  if (!DATE.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : date - now;
}

/**
 * Milliseconds that a `Retry-After` header asks for, from 1 second to 10 minutes; undefined when it is
 * neither a number of seconds nor a date.
 */
export function parseRetryAfter(header: string | null | undefined, now: number): number | undefined {
  const ms = readMs(header?.trim() ?? '', now);
  return ms === undefined ? undefined : Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS);
}

/** The wait a server asked for, and up to a tenth more, so that those it told the same do not return together. */
export function spreadRetryAfterMs(retryAfterMs: number, random: number): number {
  return retryAfterMs * (1 + random / 10);
}
