import type { ReasonCode } from '../policy/decision.ts';
import type { Effect } from '../policy/types.ts';

/**
 * One recorded decision: one line of a file of decision records (NDJSON, UTF-8, one JSON object per line).
 *
 * The JSON of a `DecisionEvent` is read as well. Fields that are not listed here are ignored, so
 * writers may add some. It never holds prompts, completions or secrets.
 */
export interface DecisionRecord {
  /** When, as ISO 8601 in UTC. */
  readonly time?: string;
  /** Identifies the decision. */
  readonly id?: string;
  readonly action: string;
  /** What the decision is about; with a fallback, the resource that served the call. */
  readonly resource: string;
  /** The agent, as `agent_id` in conditions. */
  readonly agent?: string;
  readonly effect: Effect;
  readonly rule?: string | number;
  readonly policy?: string;
  readonly reasonCode?: ReasonCode;
  readonly revision?: string;
  /** The adapter that made the call, for example `openai`. */
  readonly adapter?: string;
  /** How long deciding took, in milliseconds. */
  readonly latencyMs?: number;
  readonly mode?: 'enforce' | 'shadow';
  /** The resource that was asked for and denied, when a fallback served the call. */
  readonly fallbackFor?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  /** Further context attributes, where they were recorded. Conditions on anything else are unknown to a replay. */
  readonly context?: Readonly<Record<string, string | number | boolean>>;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readEffect(value: unknown): Effect | undefined {
  return value === 'allow' || value === 'deny' || value === 'warn' ? value : undefined;
}

function readContext(value: unknown): Pick<DecisionRecord, 'context'> {
  if (!isFields(value)) return {};
  const entries = Object.entries(value).filter(([, one]) => ['string', 'number', 'boolean'].includes(typeof one));
  return { context: Object.fromEntries(entries) as Record<string, string> };
}

/**
 * Reads one line of a file of decision records.
 * @returns the record, or a sentence that says why it is none
 */
export function readDecisionRecord(line: string): DecisionRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'The line is not JSON.';
  }
  if (!isFields(value)) return 'The line is not a JSON object.';
  const decision = isFields(value['decision']) ? value['decision'] : value;
  const effect = readEffect(decision['effect']);
  const { action, resource } = value;
  const agent = value['agent'] ?? value['agentId'];
  if (typeof action !== 'string' || typeof resource !== 'string') return 'The record names no action or no resource.';
  if (effect === undefined) return 'The record has no effect: allow, deny or warn.';
  return {
    action,
    resource,
    effect,
    ...(typeof agent === 'string' && { agent }),
    ...readContext(value['context']),
  };
}
