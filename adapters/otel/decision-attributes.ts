import type { Attributes } from '@opentelemetry/api';

import type { DecisionEvent } from '../../src/index.ts';

// The GenAI conventions of OpenTelemetry are in development, so the names are written down here: a
// package of constants would take them away with its next version.
const OPERATIONS: Readonly<Record<string, string>> = {
  'llm.generate': 'chat',
  'embedding.generate': 'embeddings',
  'tool.call': 'execute_tool',
};

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

function genAIAttributes({ action, resource, agentId }: DecisionEvent): Attributes {
  const operation = Object.hasOwn(OPERATIONS, action) ? OPERATIONS[action] : undefined;
  const subject = subjectOf(resource);
  return {
    ...(operation !== undefined && { 'gen_ai.operation.name': operation }),
    ...(subject && { [subject[0]]: subject[1] }),
    ...(agentId !== undefined && { 'gen_ai.agent.id': agentId }),
  };
}

function policyAttributes({ decision: { policy, rule, revision } }: DecisionEvent): Attributes {
  return {
    ...(policy !== null && { 'controlzero.policy.name': policy }),
    ...(rule !== null && { 'controlzero.policy.rule': String(rule) }),
    ...(revision !== null && { 'controlzero.policy.revision': revision }),
  };
}

function fallbackAttributes({ fallback }: DecisionEvent): Attributes {
  if (!fallback) return {};
  const { requested, denied } = fallback;
  return {
    'controlzero.fallback.requested': requested,
    ...(denied.rule !== null && { 'controlzero.fallback.denied_by': String(denied.rule) }),
  };
}

/** What a trace says of a decision: ids and names, never a text of a rule or a prompt. */
export function decisionAttributes(event: DecisionEvent): Attributes {
  const { decision, adapter } = event;
  return {
    ...genAIAttributes(event),
    'controlzero.action': event.action,
    'controlzero.resource': event.resource,
    ...(adapter !== undefined && { 'controlzero.adapter': adapter }),
    'controlzero.mode': event.mode,
    'controlzero.decision.id': event.id,
    'controlzero.decision.effect': decision.effect,
    'controlzero.decision.reason_code': decision.reasonCode,
    'controlzero.decision.enforced': event.enforced,
    ...(decision.stale && { 'controlzero.decision.stale': true }),
    ...policyAttributes(event),
    ...fallbackAttributes(event),
  };
}
