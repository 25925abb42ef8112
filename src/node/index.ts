/**
 * What needs files: policy sources for Node.
 *
 * @module @controlzero/sdk/node
 */
export { fileSource } from './file-source.ts';
export { findPolicyFile } from './find-policy-file.ts';
