/**
 * Test doubles for code that uses the package.
 *
 * @module @controlzero/sdk/testing
 */
export { createTestControlZero } from './create-test-control-zero.ts';
export type { TestControlZero, TestControlZeroOptions } from './create-test-control-zero.ts';
