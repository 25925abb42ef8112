import { compileInSteps } from '../engine/compile.ts';
import type { CompiledPolicy } from '../engine/compiled-policy.ts';
import { PolicyInvalidError } from '../errors.ts';
import type { ParsedPolicy } from '../policy/parsed-policy.ts';
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
  // The complete check with its library is needed only when there is a document to check.
  const { parseInSteps } = await import('../policy/parse.ts');
  const { document, locator } = await snapshot.parse();
  try {
    return await inSlices(parseInSteps(document, { origin }));
  } catch (error) {
    if (!(error instanceof PolicyInvalidError) || locator === undefined) throw error;
    return inSlices(parseInSteps(document, { origin, locate: await locator() }));
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
