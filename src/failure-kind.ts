/**
 * Why an attempt to get a policy failed.
 *
 * - `network`, `dns`, `tls`, `timeout`: no answer came.
 * - `http`: an answer with a status that means nothing good. `auth`: the key was refused (401, 403).
 *   `rate_limited`: 429.
 * - `too_large`, `invalid_data`: the answer is no policy that can be used.
 * - `signature`, `wrong_project`, `rollback`, `equivocation`, `expired`, `clock_skew`, `unsupported`: the answer is a
 *   policy that must not be used.
 * - `cache_io`: the disk cannot be used to keep policies; shown beside the others, it fails nothing.
 * - `unreadable`: a file or a source of your own could not be read.
 */
export type SyncFailureKind =
  | 'network'
  | 'dns'
  | 'tls'
  | 'timeout'
  | 'http'
  | 'auth'
  | 'rate_limited'
  | 'too_large'
  | 'invalid_data'
  | 'signature'
  | 'wrong_project'
  | 'rollback'
  | 'equivocation'
  | 'expired'
  | 'clock_skew'
  | 'unsupported'
  | 'cache_io'
  | 'unreadable';
