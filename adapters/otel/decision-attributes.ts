import type { Attributes } from '@opentelemetry/api';

import type { DecisionEvent } from '../../src/index.ts';

// The GenAI conventions of OpenTelemetry are in development, so the names are written down here: a
// package of constants would take them away with its next version.
const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['llm.generate', 'chat'],
  ['embedding.generate', 'embeddings'],
  ['tool.call', 'execute_tool'],
]);

/** How resources begin that the GenAI conventions have an attribute for. */
export const SUBJECTS: readonly (readonly [prefix: string, attribute: string])[] = [
  ['model/', 'gen_ai.request.model'],
  ['tool/', 'gen_ai.tool.name'],
];

/** The model or tool that a resource names, under its name in the GenAI conventions; undefined for other resources. */
export function subjectOf(resource: string): readonly [attribute: string, name: string] | undefined {
  for (const [prefix, attribute] of SUBJECTS)
    if (resource.startsWith(prefix)) return [attribute, resource.slice(prefix.length)];
  return undefined;
}

// One is made for every decision that is traced, so it is filled and not put together from parts.

function putCall(attributes: Attributes, { action, resource, agentId, adapter, mode }: DecisionEvent): void {
  const operation = OPERATIONS.get(action);
  const subject = subjectOf(resource);
  if (operation !== undefined) attributes['gen_ai.operation.name'] = operation;
  if (subject) attributes[subject[0]] = subject[1];
  if (agentId !== undefined) attributes['gen_ai.agent.id'] = agentId;
  if (adapter !== undefined) attributes['controlzero.adapter'] = adapter;
  attributes['controlzero.action'] = action;
  attributes['controlzero.resource'] = resource;
  attributes['controlzero.mode'] = mode;
}

function putDecision(attributes: Attributes, { id, decision, enforced }: DecisionEvent): void {
  const { effect, reasonCode, stale, policy, rule, revision } = decision;
  attributes['controlzero.decision.id'] = id;
  attributes['controlzero.decision.effect'] = effect;
  attributes['controlzero.decision.reason_code'] = reasonCode;
  attributes['controlzero.decision.enforced'] = enforced;
  if (stale) attributes['controlzero.decision.stale'] = true;
  if (policy !== null) attributes['controlzero.policy.name'] = policy;
  if (rule !== null) attributes['controlzero.policy.rule'] = String(rule);
  if (revision !== null) attributes['controlzero.policy.revision'] = revision;
}

function putFallback(attributes: Attributes, { fallback }: DecisionEvent): void {
  if (!fallback) return;
  const { requested, denied } = fallback;
  attributes['controlzero.fallback.requested'] = requested;
  if (denied.rule !== null) attributes['controlzero.fallback.denied_by'] = String(denied.rule);
}

/** What a trace says of a decision: ids and names, never a text of a rule or a prompt. */
export function decisionAttributes(event: DecisionEvent): Attributes {
  const attributes: Attributes = {};
  putCall(attributes, event);
  putDecision(attributes, event);
  putFallback(attributes, event);
  return attributes;
}
