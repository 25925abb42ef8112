/**
 * Why a bundle was refused.
 *
 * - `too_large`: more bytes, rules or entries than the limits allow, before or after decompression.
 * - `invalid_data`: not a bundle, damaged behind its signature, or its policies have problems.
 * - `signature`: no trusted key signed it, or the project's key does not decrypt it.
 * - `wrong_project`: signed for another project, environment or audience.
 * - `rollback`: older than one that was accepted before, or revoked.
 * - `equivocation`: another content under a version that was accepted before.
 * - `expired`: past the time up to which its server vouched for it.
 * - `clock_skew`: issued more than five minutes in the future of this machine's clock.
 * - `unsupported`: needs a newer version of this package, or a feature this runtime lacks.
 */
export type BundleRefusalKind =
  | 'too_large'
  | 'invalid_data'
  | 'signature'
  | 'wrong_project'
  | 'rollback'
  | 'equivocation'
  | 'expired'
  | 'clock_skew'
  | 'unsupported';

/**
 * Why an attempt to get a policy failed.
 *
 * - `network`, `dns`, `tls`, `timeout`: no answer came.
 * - `http`: an answer with a status that means nothing good. `auth`: the key was refused (401, 403).
 *   `rate_limited`: 429.
 * - `cache_io`: the disk cannot be used to keep policies; shown beside the others, it fails nothing.
 * - `unreadable`: a file or a source of your own could not be read.
 */
export type SyncFailureKind =
  | BundleRefusalKind
  | 'network'
  | 'dns'
  | 'tls'
  | 'timeout'
  | 'http'
  | 'auth'
  | 'rate_limited'
  | 'cache_io'
  | 'unreadable';
