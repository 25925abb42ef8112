/**
 * Governance for the Vercel AI SDK, versions 6 and 7.
 *
 * @module @controlzero/sdk/ai-sdk
 */
export type { AISDKOptions } from './ai-sdk-options.ts';
export { assertModelAllowed } from './assert-model-allowed.ts';
export type { AssertModelAllowedOptions } from './assert-model-allowed.ts';
export { governEmbeddingModel } from './govern-embedding-model.ts';
export type { GovernEmbeddingModelOptions } from './govern-embedding-model.ts';
export { governModel } from './govern-model.ts';
export type { GovernModelOptions } from './govern-model.ts';
export { governProvider } from './govern-provider.ts';
export type { GovernProviderOptions } from './govern-provider.ts';
export { governTools } from './govern-tools.ts';
export type { GovernToolsOptions } from './govern-tools.ts';
export { controlZeroMiddleware } from './middleware.ts';
export type {
  CallToWrap,
  ControlZeroMiddleware,
  ControlZeroMiddlewareOptions,
  ParamsToTransform,
} from './middleware.ts';
export type { EmbeddingModelLike, LanguageModelLike, ProviderLike } from './model-types.ts';
export { policyDeniedProblem } from './policy-denied-problem.ts';
export type { PolicyDeniedProblem } from './policy-denied-problem.ts';
export { policyDeniedResponse } from './policy-denied-response.ts';
export { controlZeroTelemetry } from './telemetry.ts';
export type { ControlZeroTelemetry, ControlZeroTelemetryOptions, TelemetryCall, UngovernedCall } from './telemetry.ts';
