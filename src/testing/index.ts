/**
 * Test doubles for code that uses the package, and tests, lint, diff and replay for policies.
 *
 * @module @controlzero/sdk/testing
 */
export type { Bypass } from './bypasses/bypass.ts';
export { BypassDetectedError } from './bypasses/bypass-detected-error.ts';
export { detectBypasses } from './bypasses/detect-bypasses.ts';
export type { BypassDetector, DetectBypassesOptions } from './bypasses/detect-bypasses.ts';
export type { ObservedRequest } from './bypasses/model-requests.ts';
export type { ControlPlaneFault, FaultOptions } from './control-plane/plane-fault.ts';
export type { PublishOptions } from './control-plane/plane-project.ts';
export type { ControlPlaneRequest, ControlPlaneRoute } from './control-plane/plane-request.ts';
export { startTestControlPlane } from './control-plane/start-test-control-plane.ts';
export type {
  RotateKeysOptions,
  TestControlPlane,
  TestControlPlaneOptions,
} from './control-plane/start-test-control-plane.ts';
export { createTestControlZero } from './create-test-control-zero.ts';
export type { TestControlZero, TestControlZeroOptions } from './create-test-control-zero.ts';
export { diffPolicies } from './diff-policies.ts';
export type { PolicyDiff, PolicyDifference } from './diff-policies.ts';
export type { RepresentativeRequest } from '../engine/diff.ts';
export type { LintKind } from '../engine/lint.ts';
export { lintPolicy } from './lint-policy.ts';
export type { LintFinding, LintOptions, PolicyLint } from './lint-policy.ts';
export type { PolicyInput } from './load-policy.ts';
export type { ModelRoute, ReceivedRequest } from './local-provider/received-request.ts';
export { startLocalProvider } from './local-provider/start-local-provider.ts';
export type { LocalProvider, LocalProviderOptions, ProviderFailure } from './local-provider/start-local-provider.ts';
export { readPolicyCases } from './policy-cases.ts';
export type { PolicyCase } from './policy-cases.ts';
export { policyMatchers } from './policy-matchers.ts';
export type { MatcherResult, PolicyMatchers } from './policy-matchers.ts';
export { replayRecords } from './replay-records.ts';
export type { ReplayOptions } from './replay-records.ts';
export type { ReplayChange, ReplayReport } from './replay-report.ts';
export { testPolicy } from './test-policy.ts';
export type { PolicyCaseResult, PolicyTestReport, RuleCoverage } from './test-policy.ts';
