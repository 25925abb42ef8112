import type { CompiledPolicy } from './engine/compiled-policy.ts';
import { evaluate } from './engine/evaluate.ts';
import type { Explanation } from './engine/explain.ts';
import type { RefusedRequest } from './errors.ts';
import { PolicyDeniedError, unavailableForCall } from './errors.ts';
import { NO_KEYS, readValue } from './policy/context-values.ts';
import type { Decision } from './policy/decision.ts';
import { createDecision, isUndecided } from './policy/decision.ts';
import { printable } from './policy/printable.ts';
import type { JudgedRequest } from './policy/judged-request.ts';
import { judgedRequest } from './policy/judged-request.ts';
import type { RequestFault } from './policy/request-fault.ts';
import type { Surroundings, TakenRequest } from './policy/taken-request.ts';
import { contextLayers, takeRequest } from './policy/taken-request.ts';
import type { PolicyRequest } from './policy/types.ts';
import type { ActivePolicy } from './sync/active-policy.ts';
import type { Standing } from './sync/refresher.ts';

/** One request and its decision, with what is needed to report or throw it. */
export interface Judgement {
  readonly request: PolicyRequest;
  readonly decision: Decision;
  readonly taken: TakenRequest | RequestFault;
  readonly active: ActivePolicy | undefined;
  readonly surroundings: Surroundings;
}

/** That nothing may go ahead. Nothing is thrown yet: to throw an error costs as much as to make it. */
export interface Denial {
  readonly denied: Judgement;
  /** Why there is no policy, if there is none. */
  readonly cause: unknown;
}

/** What a request is judged against. */
export interface JudgeOptions {
  readonly active: ActivePolicy | undefined;
  readonly standing: Standing;
  readonly isClosed: boolean;
  readonly failOpen: boolean;
  readonly surroundings: Surroundings;
}

const CLOSED = createDecision({ effect: 'deny', reasonCode: 'CLIENT_CLOSED', reason: 'The client is closed.' });
const NO_POLICY = createDecision({ effect: 'deny', reasonCode: 'NO_POLICY', reason: 'No policy is active.' });
const FAIL_OPEN = createDecision({
  effect: 'warn',
  reasonCode: 'NO_POLICY',
  reason: 'No policy is active; failOpen allows the call.',
});

// Remembered, because the same answer has to be the same object.
const expired = new WeakMap<CompiledPolicy, Decision>();
const stale = new WeakMap<Decision, Decision>();

function expiredDecision(policy: CompiledPolicy): Decision {
  const known = expired.get(policy);
  if (known) return known;
  const reason = 'The policy is past its time and could not be refreshed.';
  const made = createDecision({ effect: 'deny', reasonCode: 'POLICY_EXPIRED', reason, revision: policy.revision });
  expired.set(policy, made);
  return made;
}

function staleDecision(decision: Decision): Decision {
  const known = stale.get(decision);
  if (known) return known;
  const made = Object.freeze({ ...decision, stale: true as const });
  stale.set(decision, made);
  return made;
}

// Without a policy too, a request that names nothing is told so.
function checkNames(taken: TakenRequest | RequestFault): JudgedRequest | RequestFault {
  return 'fault' in taken ? taken : judgedRequest(taken);
}

function decideWithoutPolicy(taken: TakenRequest | RequestFault, failOpen: boolean): Decision {
  const judged = checkNames(taken);
  if ('fault' in judged) return createDecision({ effect: 'deny', reasonCode: 'INVALID_REQUEST', reason: judged.fault });
  return failOpen ? FAIL_OPEN : NO_POLICY;
}

function decideExpired(taken: TakenRequest, policy: CompiledPolicy): Decision {
  const judged = checkNames(taken);
  return 'fault' in judged ? policy.invalidRequest(judged.fault) : expiredDecision(policy);
}

function decide(taken: TakenRequest | RequestFault, options: JudgeOptions): Decision {
  if (options.isClosed) return CLOSED;
  const policy = options.active?.compiled;
  if (!policy) return decideWithoutPolicy(taken, options.failOpen);
  if ('fault' in taken) return policy.invalidRequest(taken.fault);
  if (options.standing === 'expired') return decideExpired(taken, policy);
  const decision = evaluate(policy, taken);
  return options.standing === 'stale' ? staleDecision(decision) : decision;
}

/** Decides one request against what is active at this moment. Never throws. */
export function judge(request: PolicyRequest, options: JudgeOptions): Judgement {
  const { active, surroundings } = options;
  const taken = takeRequest(request, active?.compiled.conditionKeys ?? NO_KEYS, surroundings);
  return { request, taken, active, surroundings, decision: decide(taken, options) };
}

/** The walk behind a decision. */
export function explainJudgement({ active, taken, decision }: Judgement): Explanation {
  const judged = checkNames(taken);
  const isUnjudged = decision.reasonCode === 'CLIENT_CLOSED' || decision.reasonCode === 'POLICY_EXPIRED';
  if (!active || 'fault' in judged || isUnjudged) return { decision, rules: [] };
  return { ...active.compiled.explain(judged), decision };
}

function showName(read: () => unknown): string {
  try {
    const name = read();
    return typeof name === 'string' ? printable(name) : `(${typeof name})`;
  } catch {
    return '(unreadable)';
  }
}

function agentOf({ request, taken, surroundings }: Judgement): string | undefined {
  try {
    const agent = readValue('fault' in taken ? contextLayers(request, surroundings) : taken, 'agent_id');
    return typeof agent === 'string' ? printable(agent) : undefined;
  } catch {
    // What cannot be read was denied for that already, and here it is only described.
    return undefined;
  }
}

/** The request as errors and events show it. */
export function describeJudgement(judgement: Judgement): RefusedRequest {
  const { request, taken } = judgement;
  const judged = checkNames(taken);
  const agentId = agentOf(judgement);
  const given = 'fault' in taken ? request : taken;
  const isFaulty = 'fault' in judged;
  const action = isFaulty ? showName(() => given.action) : judged.action;
  const resource = isFaulty ? showName(() => given.resource) : judged.names[0];
  return agentId === undefined ? { action, resource } : { action, resource, agentId };
}

function alternativesTo({ active, taken }: Judgement): readonly string[] {
  const judged = checkNames(taken);
  return active && !('fault' in judged) ? active.compiled.allowedModels(judged) : [];
}

/** The error for a denial: denied by the policy, or not decided for lack of one. */
export function errorFor({ denied, cause }: Denial): PolicyDeniedError | ReturnType<typeof unavailableForCall> {
  const { decision } = denied;
  const request = describeJudgement(denied);
  if (isUndecided(decision)) return unavailableForCall(decision, request, cause);
  return new PolicyDeniedError({ request, decision, alternatives: () => alternativesTo(denied) });
}
