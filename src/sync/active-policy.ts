import { compileInSteps } from '../engine/compile.ts';
import type { CompiledPolicy } from '../engine/compiled-policy.ts';
import { PolicyInvalidError } from '../errors.ts';
import type { ParsedPolicy } from '../policy/parsed-policy.ts';
import { readPlainDocument } from '../policy/plain-document.ts';
import type { PolicyFacts, PolicySnapshot } from '../sources/source.ts';
import { inSlices } from './in-slices.ts';

/** The policy that decides at present. */
export interface ActivePolicy {
  readonly revision: string;
  /** Kind of the source it came from. */
  readonly kind: string;
  readonly origin: string;
  /** Milliseconds since the epoch. */
  readonly activatedAt: number;
  readonly compiled: CompiledPolicy;
  /** What a signed policy says about itself. */
  readonly facts: PolicyFacts | undefined;
}

/** Where a snapshot came from, and when. */
export interface ActivateOptions {
  readonly kind: string;
  readonly at: number;
}

async function parseSnapshot(snapshot: PolicySnapshot): Promise<readonly ParsedPolicy[]> {
  const { origin } = snapshot;
  const { document, locator } = await snapshot.parse();
  const read = await inSlices(readPlainDocument(document));
  if (read) return read;
  // The complete check and its library are needed only where there is something to find.
  const { checkDocument } = await import('../policy/parse.ts');
  try {
    return checkDocument(document, { origin });
  } catch (error) {
    if (!(error instanceof PolicyInvalidError) || locator === undefined) throw error;
    return checkDocument(document, { origin, locate: await locator() });
  }
}

async function compileSnapshot(snapshot: PolicySnapshot): Promise<CompiledPolicy> {
  return inSlices(compileInSteps(await parseSnapshot(snapshot), { revision: snapshot.revision }));
}

/** Parses and compiles what a source found, in slices; the result can be swapped in with one assignment. */
export async function activate(snapshot: PolicySnapshot, { kind, at }: ActivateOptions): Promise<ActivePolicy> {
  const { revision, origin, facts } = snapshot;
  const compiled = snapshot.compiled ?? (await compileSnapshot(snapshot));
  return { revision, kind, origin, activatedAt: at, compiled, facts };
}
