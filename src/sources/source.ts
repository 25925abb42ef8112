import type { CompiledPolicy } from '../engine/compiled-policy.ts';
import type { SyncFailureKind } from '../failure-kind.ts';
import type { Locate } from '../policy/parse.ts';
import type { RecordSink } from '../records/record-sink.ts';
import type { SecretsSource } from '../secrets/secrets-source.ts';

/** What a signed policy says about itself. Times are milliseconds since the epoch. */
export interface PolicyFacts {
  /** Grows with every change of the signing key; null where the policy has none. */
  readonly epoch: number | null;
  /** Grows with every publish; null where the policy has none. */
  readonly version: number | null;
  /** SHA-256 of the policy, hexadecimal. */
  readonly digest: string;
  /** `verified`: bound to project, version and time. `legacy`: signed, and nothing more. */
  readonly integrity: string;
  readonly issuedAt: number | null;
  /** From then on the policy must not be used. */
  readonly expiresAt: number | null;
  /** Which key signed it. */
  readonly keyId: string | null;
  /** Whether it came just now, or from the cache on disk. */
  readonly source: 'network' | 'cache';
}

/** Why policies are kept in memory only. */
export interface CacheFault {
  readonly kind: 'cache_io';
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What became of a snapshot. */
export type Settlement = { readonly activated: true } | { readonly activated: false; readonly error: unknown };

/** A policy document as a source found it, before anyone has looked into it. */
export interface PolicySnapshot {
  /** Identifies the content: equal revisions mean an equal document. */
  readonly revision: string;
  /** Where it was found, for messages: a file name, or a phrase such as "the policy option". */
  readonly origin: string;
  /** What a signed policy says about itself. */
  readonly facts?: PolicyFacts;
  /** The document, compiled already. */
  readonly compiled?: CompiledPolicy;
  /**
   * Turns the content into a document. Called only for a revision that is new to the reader.
   * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the text is not JSON or YAML
   */
  parse(): Promise<ParsedText>;
  /** Called once it is in force, or was refused. Must not throw. */
  settled?(settlement: Settlement): void;
}

/** A document, and for documents with a text a way to find the places of its parts. */
export interface ParsedText {
  readonly document: unknown;
  /** Called only when the document has problems. */
  readonly locator?: () => Promise<Locate>;
}

/** How a source is read. */
export interface ReadSourceOptions {
  /** Aborted when the client is closed or the time for the attempt is over. */
  readonly signal: AbortSignal;
}

/** How an attempt ended, for what sets the pace. */
export interface AttemptOutcome {
  /** What went wrong; undefined after a success. */
  readonly failure?: {
    readonly kind: SyncFailureKind;
    readonly httpStatus?: number;
    /** What the server asked for. */
    readonly retryAfterMs?: number;
  };
}

/**
 * How attempts follow one another.
 *
 * - `normal`: at the interval. `back_off`: after failures, with growing delays. `extended`: after
 *   failures that time alone does not mend, rarely.
 */
export type Regime = 'normal' | 'back_off' | 'extended';

/** When the next attempt is due. */
export interface Pace {
  readonly delayMs: number;
  readonly regime: Regime;
}

/** Decides when the next attempt is due. Without one a source is read at its interval. */
export interface Pacing {
  next(outcome: AttemptOutcome): Pace;
}

/**
 * Where policies come from.
 *
 * A source only reads: it keeps no timer for reading, decides nothing, and does not know who calls it.
 * `read()` may be called at any time and rejects when the content cannot be had; the reader then keeps
 * the last good policy and tries again.
 */
export interface PolicySource {
  /** One word for status and messages: `inline`, `file`, ... */
  readonly kind: string;
  /** How often reading again makes sense, in milliseconds, unless the options say otherwise; 0 = never. */
  readonly refreshIntervalMs: number;
  /** True for a policy given in code, which cannot change. */
  readonly isFixed?: boolean;
  /** Milliseconds that one `read()` may take. Default: 5000. */
  readonly attemptTimeoutMs?: number;
  /** For sources that are asked over a network: when to read again. It wins over the interval. */
  readonly pacing?: Pacing;
  /** Clock of the other side minus our own, in milliseconds, when it is known. */
  readonly clockSkewMs?: number | null;
  /** Why nothing is kept for the next process, when that is so. */
  readonly cacheFault?: CacheFault | null;
  read(options: ReadSourceOptions): Promise<PolicySnapshot>;
  /** The newest policy of an earlier process that is good enough to start with; undefined when there is none. */
  readStored?(options: ReadSourceOptions): Promise<PolicySnapshot | undefined>;
  /** Calls back when there seems to be something new. The function that comes back ends it. */
  watch?(hint: () => void): () => void;
  /** The secrets that come with the policy. @param names those that are asked for where they come one by one */
  openSecrets?(names: readonly string[]): Promise<SecretsSource>;
  /** The sink for decision records that belongs to the source. */
  openRecords?(): Promise<RecordSink>;
  /** Gives back what the source holds. */
  close?(): Promise<void>;
}
