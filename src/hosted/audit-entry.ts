import type { DecisionRecord } from '../events/decision-record.ts';
import { VERSION } from '../version.ts';

/** What every entry of this process says. */
export interface AuditOrigin {
  /** From the authenticated bootstrap, never from a caller. */
  readonly projectId: string;
  /** Empty where there is none. */
  readonly hostname: string;
}

/** One entry of `POST /v1/sdk/audit`. */
export type AuditEntry = Readonly<Record<string, unknown>>;

const SDK = `node@${VERSION}`;
// Arguments are never sent; this is the hash of none.
const NO_ARGUMENTS = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
const MODEL = 'model/';

function methodOf(action: string): { readonly tool_name: string; readonly method_name?: string } {
  const dot = action.indexOf('.');
  return dot < 0 ? { tool_name: action } : { tool_name: action.slice(0, dot), method_name: action.slice(dot + 1) };
}

/**
 * A record as the control plane takes it: the names of its own protocol, and beside them what only this
 * package knows. Nothing says who is logged in on the machine.
 */
export function auditEntry(record: DecisionRecord, { projectId, hostname }: AuditOrigin): AuditEntry {
  const { id, time, action, resource, effect, policy = '', rule = '', reasonCode, latencyMs } = record;
  const { agent, revision, adapter, mode, stale, fallbackFor, traceId, spanId, context } = record;
  return {
    id,
    ...methodOf(action),
    decision: effect,
    policy_id: policy,
    rule_id: String(rule),
    reason: '',
    reason_code: reasonCode,
    hostname,
    user: '',
    mode: 'hosted',
    ts: time,
    client_name: 'node-sdk',
    client_version: VERSION,
    user_email: '',
    args_hash: NO_ARGUMENTS,
    policy_engine_version: VERSION,
    controlzero_sdk_version: SDK,
    policy_source: 'hosted',
    project_id: projectId,
    latency_ms: latencyMs,
    ...(resource.startsWith(MODEL) && { model_id: resource.slice(MODEL.length) }),
    action,
    resource,
    enforcement: mode,
    // Fields without a value are not sent.
    agent_id: agent,
    revision,
    adapter,
    stale,
    fallback_for: fallbackFor,
    trace_id: traceId,
    span_id: spanId,
    context,
  };
}
