import type { Explanation, RuleExplanation } from '../engine/explain.ts';
import type { DecisionRecord } from '../events/decision-record.ts';
import { readDecisionRecord } from '../events/decision-record.ts';
import type { Effect, PolicyRequest } from '../policy/types.ts';
import type { PolicyInput } from './load-policy.ts';
import { loadPolicy } from './load-policy.ts';
import type { ReplayReport } from './replay-report.ts';
import { ChangeCounter, UnreadableLines } from './replay-report.ts';

/** How a replay goes. */
export interface ReplayOptions {
  /** Called after every 10,000 records. */
  readonly onProgress?: (records: number) => void;
}

interface Outcome {
  readonly effect: Effect;
  /** Attributes that were not recorded and that could change the effect. */
  readonly unknown: readonly string[];
}

const MOST_REMEMBERED = 10_000;
const PROGRESS_EVERY = 10_000;

// A rule that failed only by attributes nobody recorded might have matched.
function missingOf({ outcome, mismatches }: RuleExplanation): readonly string[] {
  if (outcome !== 'mismatch') return [];
  const isOpen = mismatches.every(({ part, found }) => part === 'condition' && found === null);
  return isOpen ? mismatches.map(({ key }) => key ?? '') : [];
}

function outcomeOf({ decision, rules }: Explanation): Outcome {
  const unknown = new Set<string>();
  for (const rule of rules) {
    if ((rule.effect === 'deny') === (decision.effect === 'deny')) continue;
    // A record without an agent says that none was named; that is known, and such a rule cannot match.
    const missing = missingOf(rule);
    if (!missing.includes('agent_id')) for (const key of missing) unknown.add(key);
  }
  return { effect: decision.effect, unknown: [...unknown] };
}

function requestOf({ action, resource, agent, context }: DecisionRecord): PolicyRequest {
  return { action, resource, context: { ...context, ...(agent !== undefined && { agent_id: agent }) } };
}

/**
 * Decides recorded decisions anew, with another policy: who would newly be denied or allowed.
 *
 * A record holds the agent and whatever else its writer put into `context`. A decision that depends on
 * anything else is counted as unknown and never guessed. Memory stays bounded whatever the number of records.
 *
 * @param lines lines of NDJSON; empty ones are skipped
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the policy has problems
 *
 * @example
 * ```ts
 * import { replayRecords } from '@controlzero/sdk/testing';
 *
 * const lines = ['{"action":"llm.generate","resource":"model/gpt-4","agent":"basic","effect":"allow"}'];
 * const report = await replayRecords(lines, { rules: [] });
 * console.log(report.newlyDenied, report.denied[0]?.agent); // 1 basic
 * ```
 */
export async function replayRecords(
  lines: Iterable<string> | AsyncIterable<string>,
  candidate: PolicyInput,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  const { cz } = await loadPolicy(candidate);
  const remembered = new Map<string, Outcome>();
  const decide = (record: DecisionRecord): Outcome => {
    const request = requestOf(record);
    const key = JSON.stringify(request);
    const known = remembered.get(key) ?? outcomeOf(cz.explain(request));
    if (remembered.size < MOST_REMEMBERED) remembered.set(key, known);
    return known;
  };
  const [denied, allowed] = [new ChangeCounter(), new ChangeCounter()];
  const unreadable = new UnreadableLines();
  const unknownAttributes = new Map<string, number>();
  let [line, records, unknown] = [0, 0, 0];
  for await (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const record = readDecisionRecord(text);
    if (typeof record === 'string') {
      unreadable.add(line, record);
      continue;
    }
    records += 1;
    if (records % PROGRESS_EVERY === 0) options.onProgress?.(records);
    const outcome = decide(record);
    if (outcome.unknown.length > 0) {
      unknown += 1;
      for (const key of outcome.unknown) unknownAttributes.set(key, (unknownAttributes.get(key) ?? 0) + 1);
    } else if ((outcome.effect === 'deny') !== (record.effect === 'deny')) {
      (outcome.effect === 'deny' ? denied : allowed).add(record.agent, record.action, record.resource);
    }
  }
  return {
    records,
    unreadable: unreadable.total,
    firstUnreadable: unreadable.first,
    unchanged: records - unknown - denied.total - allowed.total,
    newlyDenied: denied.total,
    newlyAllowed: allowed.total,
    unknown,
    unknownAttributes: Object.fromEntries(unknownAttributes),
    denied: denied.list(),
    allowed: allowed.list(),
  };
}
