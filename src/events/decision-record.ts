import type { Decision, ReasonCode } from '../policy/decision.ts';
import type { Effect } from '../policy/types.ts';
import type { DecisionEvent, Mode } from './decision-event.ts';
import { ownField } from './own-field.ts';

/**
 * One recorded decision: one line of a file of decision records (NDJSON, UTF-8, one JSON object per line).
 * It never holds prompts, completions or secrets.
 */
export interface DecisionRecord {
  /** When, as ISO 8601 in UTC. */
  readonly time: string;
  /** Identifies the decision: 32 hexadecimal digits. What is sent again keeps it. */
  readonly id: string;
  readonly action: string;
  /** What the decision is about; with a fallback, the resource that served the call. */
  readonly resource: string;
  /** The agent, as `agent_id` in conditions. */
  readonly agent?: string;
  readonly effect: Effect;
  readonly rule?: string | number;
  readonly policy?: string;
  readonly reasonCode: ReasonCode;
  readonly revision?: string;
  /** Present while the policy could not be refreshed for long. */
  readonly stale?: true;
  /** The adapter that made the call, for example `openai`. */
  readonly adapter?: string;
  /** How long deciding took, in milliseconds. */
  readonly latencyMs: number;
  /** In `shadow`, a denial was only reported and the call went ahead. */
  readonly mode: Mode;
  /** The resource that was asked for and denied, when a fallback served the call. */
  readonly fallbackFor?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  /**
   * Attributes of the context that the `recordContext` option names. Conditions on anything else are
   * unknown to a replay.
   */
  readonly context?: RecordedContext;
}

/** Attributes of a context that were recorded. */
export type RecordedContext = Readonly<Record<string, string | number | boolean>>;

/** A record as it is read: writers other than this package may leave out what a replay can do without. */
export type ReadDecisionRecord = Pick<DecisionRecord, 'action' | 'resource' | 'effect'> & Partial<DecisionRecord>;

type Fields = Readonly<Record<string, unknown>>;

const MICROSECONDS = 1000;
// What a date can be, milliseconds to both sides of 1970.
const LAST_MOMENT = 8.64e15;

// Where decisions are many, they come in the same millisecond.
const lastTime = { at: Number.NaN, text: '' };

function timeOf(at: number): string {
  if (at !== lastTime.at) {
    lastTime.at = at;
    lastTime.text = new Date(at).toISOString();
  }
  return lastTime.text;
}

/** The record of a decision that was told as an event. */
export function toDecisionRecord(event: DecisionEvent, context?: RecordedContext): DecisionRecord {
  const { at, id, action, resource, decision, latencyMs, mode } = event;
  const [agent, adapter] = [ownField(event, 'agentId'), ownField(event, 'adapter')];
  const fallback = ownField(event, 'fallback');
  return {
    time: timeOf(at),
    id,
    action,
    resource,
    ...(agent !== undefined && { agent }),
    ...decided(decision),
    ...(adapter !== undefined && { adapter }),
    latencyMs: Math.round(latencyMs * MICROSECONDS) / MICROSECONDS,
    mode,
    ...(fallback && { fallbackFor: fallback.requested }),
    ...ownField(event, 'trace'),
    ...(context && { context }),
  };
}

type Decided = Pick<DecisionRecord, 'effect' | 'rule' | 'policy' | 'reasonCode' | 'revision' | 'stale'>;

function decided(decision: Decision): Decided {
  const { effect, rule, policy, reasonCode, revision } = decision;
  return {
    effect,
    ...(rule !== null && { rule }),
    ...(policy !== null && { policy }),
    reasonCode,
    ...(revision !== null && { revision }),
    ...(ownField(decision, 'stale') && { stale: true }),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isAttribute(value: unknown): boolean {
  return isText(value) || typeof value === 'number' || typeof value === 'boolean';
}

const READ: Readonly<Record<keyof DecisionRecord, (value: unknown) => boolean>> = {
  time: isText,
  id: isText,
  action: isText,
  resource: isText,
  agent: isText,
  effect: (value) => value === 'allow' || value === 'deny' || value === 'warn',
  rule: (value) => isText(value) || typeof value === 'number',
  policy: isText,
  reasonCode: isText,
  revision: isText,
  stale: (value) => value === true,
  adapter: isText,
  latencyMs: (value) => typeof value === 'number',
  mode: (value) => value === 'enforce' || value === 'shadow',
  fallbackFor: isText,
  traceId: isText,
  spanId: isText,
  context: isFields,
};

// The JSON of an event is a record too, with some things in other places.
function flatten(value: Fields): Fields {
  const { at, agentId, decision, fallback, trace } = value;
  return {
    ...(typeof at === 'number' && Math.abs(at) <= LAST_MOMENT && { time: new Date(at).toISOString() }),
    agent: agentId,
    ...fieldsOf(decision),
    fallbackFor: fieldsOf(fallback)['requested'],
    ...fieldsOf(trace),
    ...value,
  };
}

function pickFields(found: Fields): Fields {
  const known = Object.entries(READ).filter(([key, accepts]) => accepts(found[key]));
  const fields: Record<string, unknown> = Object.fromEntries(known.map(([key]) => [key, found[key]]));
  const { context } = fields;
  if (isFields(context))
    fields['context'] = Object.fromEntries(Object.entries(context).filter(([, one]) => isAttribute(one)));
  return fields;
}

/**
 * Reads one line of a file of decision records. The JSON of a `DecisionEvent` is read as well; what is no
 * field of a record is left out.
 *
 * @returns the record, or a sentence that says why it is none
 */
export function readDecisionRecord(line: string): ReadDecisionRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'The line is not JSON.';
  }
  if (!isFields(value)) return 'The line is not a JSON object.';
  const fields = pickFields(flatten(value));
  const { action, resource, effect } = fields;
  if (action === undefined || resource === undefined) return 'The record names no action or no resource.';
  if (effect === undefined) return 'The record has no effect: allow, deny or warn.';
  return fields as unknown as ReadDecisionRecord;
}
