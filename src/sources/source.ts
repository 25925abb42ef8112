import type { Locate } from '../policy/parse.ts';

/** A policy document as a source found it, before anyone has looked into it. */
export interface PolicySnapshot {
  /** Identifies the content: equal revisions mean an equal document. */
  readonly revision: string;
  /** Where it was found, for messages: a file name, or a phrase such as "the policy option". */
  readonly origin: string;
  /**
   * Turns the content into a document. Called only for a revision that is new to the reader.
   * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the text is not JSON or YAML
   */
  parse(): Promise<ParsedText>;
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

/**
 * Where policies come from.
 *
 * A source only reads: it keeps no timer, decides nothing, and does not know who calls it or what
 * became of the last document. `read()` may be called at any time and rejects when the content cannot
 * be had; the reader then keeps the last good policy and tries again.
 */
export interface PolicySource {
  /** One word for status and messages: `inline`, `file`, ... */
  readonly kind: string;
  /** How often reading again makes sense, in milliseconds, unless the options say otherwise; 0 = never. */
  readonly refreshIntervalMs: number;
  read(options: ReadSourceOptions): Promise<PolicySnapshot>;
}
