/**
 * Test doubles for code that uses the package.
 *
 * @module @controlzero/sdk/testing
 */
export { createTestControlZero } from './create-test-control-zero.ts';
export type { TestControlZero, TestControlZeroOptions } from './create-test-control-zero.ts';
export type { ModelRoute, ReceivedRequest } from './local-provider/received-request.ts';
export { startLocalProvider } from './local-provider/start-local-provider.ts';
export type { LocalProvider, LocalProviderOptions, ProviderFailure } from './local-provider/start-local-provider.ts';
