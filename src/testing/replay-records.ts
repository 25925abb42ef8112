import type { ControlZero } from '../client.ts';
import type { Explanation, RuleExplanation } from '../engine/explain.ts';
import type { ReadDecisionRecord } from '../events/decision-record.ts';
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

function requestOf({ action, resource, agent, context }: ReadDecisionRecord): PolicyRequest {
  return { action, resource, context: { ...context, ...(agent !== undefined && { agent_id: agent }) } };
}

class Replay {
  readonly #cz: ControlZero;
  readonly #onProgress: ReplayOptions['onProgress'];
  readonly #remembered = new Map<string, Outcome>();
  readonly #denied = new ChangeCounter();
  readonly #allowed = new ChangeCounter();
  readonly #unreadable = new UnreadableLines();
  readonly #unknownAttributes = new Map<string, number>();
  #lines = 0;
  #records = 0;
  #unknown = 0;

  constructor(cz: ControlZero, onProgress: ReplayOptions['onProgress']) {
    this.#cz = cz;
    this.#onProgress = onProgress;
  }

  addLine(text: string): void {
    this.#lines += 1;
    if (text.trim() === '') return;
    const record = readDecisionRecord(text);
    if (typeof record === 'string') this.#unreadable.add(this.#lines, record);
    else this.#addRecord(record);
  }

  #addRecord(record: ReadDecisionRecord): void {
    this.#records += 1;
    if (this.#records % PROGRESS_EVERY === 0) this.#onProgress?.(this.#records);
    const { effect, unknown } = this.#decide(record);
    if (unknown.length > 0) this.#addUnknown(unknown);
    else if ((effect === 'deny') !== (record.effect === 'deny')) {
      const changes = effect === 'deny' ? this.#denied : this.#allowed;
      changes.add(record.agent, record.action, record.resource);
    }
  }

  #addUnknown(attributes: readonly string[]): void {
    this.#unknown += 1;
    for (const key of attributes) this.#unknownAttributes.set(key, (this.#unknownAttributes.get(key) ?? 0) + 1);
  }

  // Records repeat themselves; what was decided a moment ago is not decided again.
  #decide(record: ReadDecisionRecord): Outcome {
    const request = requestOf(record);
    const key = JSON.stringify(request);
    const outcome = this.#remembered.get(key) ?? outcomeOf(this.#cz.explain(request));
    if (this.#remembered.size < MOST_REMEMBERED) this.#remembered.set(key, outcome);
    return outcome;
  }

  report(): ReplayReport {
    const [denied, allowed] = [this.#denied, this.#allowed];
    return {
      records: this.#records,
      unreadable: this.#unreadable.total,
      firstUnreadable: this.#unreadable.first,
      unchanged: this.#records - this.#unknown - denied.total - allowed.total,
      newlyDenied: denied.total,
      newlyAllowed: allowed.total,
      unknown: this.#unknown,
      unknownAttributes: Object.fromEntries(this.#unknownAttributes),
      denied: denied.list(),
      allowed: allowed.list(),
    };
  }
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
  const replay = new Replay(cz, options.onProgress);
  for await (const line of lines) replay.addLine(line);
  return replay.report();
}
