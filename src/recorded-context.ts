import type { RecordedContext } from './events/decision-record.ts';
import type { Judgement } from './judge.ts';
import type { Attribute } from './policy/context-values.ts';
import { OVERLONG, readValue } from './policy/context-values.ts';
import type { TakenRequest } from './policy/taken-request.ts';

/** The attributes that a request was judged by, or was made with: what is too long to be compared is not kept. */
export function recordedContext(
  { taken }: Judgement,
  keys: readonly string[],
  redact: (text: string) => string,
): RecordedContext | undefined {
  if ('fault' in taken) return undefined;
  const values: Record<string, Attribute> = Object.create(null) as Record<string, Attribute>;
  for (const key of keys) {
    const value = readAttribute(taken, key);
    if (value !== undefined) values[key] = typeof value === 'string' ? redact(value) : value;
  }
  return Object.keys(values).length > 0 ? values : undefined;
}

function readAttribute(taken: TakenRequest, key: string): Attribute | undefined {
  try {
    // What the policy looked at was read once, and counts.
    const value = taken.get(key) ?? readValue(taken, key);
    return value === OVERLONG ? undefined : value;
  } catch {
    return undefined;
  }
}
