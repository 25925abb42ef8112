/**
 * Governance for LLM calls: a policy says which agent may use which model.
 *
 * @module @controlzero/sdk
 */
export { ControlZero } from './client.ts';
export type { Enforcement, EnforceFirstOptions } from './enforcement.ts';
export type { Explanation, Mismatch, RuleExplanation } from './engine/explain.ts';
export {
  BundleRefusedError,
  ConfigurationError,
  ControlZeroError,
  PolicyDeniedError,
  PolicyInvalidError,
  PolicyUnavailableError,
} from './errors.ts';
export type {
  ControlZeroErrorCode,
  ControlZeroErrorOptions,
  PolicyDeniedErrorOptions,
  PolicyInvalidErrorOptions,
  PolicyUnavailableErrorOptions,
  RefusedRequest,
} from './errors.ts';
export type { BundleRefusalKind, SyncFailureKind } from './failure-kind.ts';
export type { DecisionEvent, Mode, TraceContext } from './events/decision-event.ts';
export type { DecisionRecord, RecordedContext } from './events/decision-record.ts';
export type { ListenOptions, Listener } from './events/emitter.ts';
export { findPolicyDenied } from './find-policy-denied.ts';
export type { GovernanceOptions } from './governance-options.ts';
export { getControlZero } from './get-control-zero.ts';
export { init } from './init.ts';
export { beginSending, sendJudged, sendJudgedStream } from './judged-call.ts';
export type { NoteJudged } from './judged-call.ts';
export type { Logger } from './logger.ts';
export { Gate, TOOL_CALL } from './gate.ts';
export type { GatedCall, GateOptions, NamedModels, PassedCall, UndeterminedModel } from './gate.ts';
export type { AuditMode, ControlZeroOptions, KeyTrustMode, OnExpired } from './options.ts';
export type { Attribute } from './policy/context-values.ts';
export { isUndecided } from './policy/decision.ts';
export type { Decision, ReasonCode } from './policy/decision.ts';
export type { Locate, Position } from './policy/parse.ts';
export type { PathStep, PolicyProblem } from './policy/problem.ts';
export { modelRequest, undeterminedRequest } from './policy/request.ts';
export type { ModelAction, ModelRequestOptions } from './policy/request.ts';
export type { Condition, Context, Effect, Policy, PolicyDocument, PolicyRequest, Rule } from './policy/types.ts';
export { currentIdentity, runAs } from './run-as.ts';
export type { AuditStatus, DroppedRecords, RecordCounts, RecordsFailure, SinkStatus } from './records/audit-status.ts';
export type { RecordSink, WriteRecords, WriteRecordsOptions, WriteResult } from './records/record-sink.ts';
export { SecretNotFoundError, SecretUnavailableError } from './secrets/secret-errors.ts';
export type { SecretReasonCode, SecretUnavailableErrorOptions } from './secrets/secret-errors.ts';
export type { SecretEvent, SecretsStatus } from './secrets/secret-event.ts';
export type { ReadSecretsOptions, SecretsContent, SecretsSnapshot, SecretsSource } from './secrets/secrets-source.ts';
export type {
  AttemptOutcome,
  CacheFault,
  Pace,
  Pacing,
  ParsedText,
  PolicyFacts,
  PolicySnapshot,
  PolicySource,
  ReadSourceOptions,
  Regime,
  Settlement,
} from './sources/source.ts';
export type { PolicyEvent, PolicyStatus, Status } from './status.ts';
export type { SyncState } from './sync/state.ts';
export type { RejectedDocuments, SyncFailure, SyncStatus } from './sync/sync-status.ts';
export { PROTOCOL_VERSION, VERSION } from './version.ts';
export { watchGates } from './watch-gates.ts';
export type { WaitOptions } from './with-limits.ts';
