import * as v from 'valibot';

/** That there is another version of something, and never what is in it. */
export interface Hint {
  /** `policy`, or another word for what else a control plane keeps. */
  readonly event: string;
  readonly epoch: number;
  readonly version: number;
  /** Over how many milliseconds those who were told together are to spread their requests. */
  readonly spreadMs: number;
}

/** Listens for hints. The function that comes back ends it. */
export type ListenForHints = (onHint: (hint: Hint) => void) => () => void;

const USUAL_SPREAD_MS = 2000;
const LONGEST_SPREAD_MS = 60_000;

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hintSchema = v.object({
  epoch: v.optional(whole, 0),
  version: whole,
  spread_ms: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(LONGEST_SPREAD_MS)), USUAL_SPREAD_MS),
});

/** Reads one event of a stream; undefined when it is none that is known. */
export function readHint(event: string | undefined, data: string): Hint | undefined {
  try {
    const { epoch, version, spread_ms: spreadMs } = v.parse(hintSchema, JSON.parse(data));
    return { event: event ?? 'policy', epoch, version, spreadMs };
  } catch {
    return undefined;
  }
}
