/**
 * Test doubles for code that uses the package.
 *
 * @module @controlzero/sdk/testing
 */
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
export type { ModelRoute, ReceivedRequest } from './local-provider/received-request.ts';
export { startLocalProvider } from './local-provider/start-local-provider.ts';
export type { LocalProvider, LocalProviderOptions, ProviderFailure } from './local-provider/start-local-provider.ts';
