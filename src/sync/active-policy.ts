import type { CompiledPolicy } from '../engine/compile.ts';
import { compilePolicy } from '../engine/compile.ts';
import { PolicyInvalidError } from '../errors.ts';
import type { ParsedPolicy } from '../policy/parsed-policy.ts';
import type { PolicyFacts, PolicySnapshot } from '../sources/source.ts';

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
  // The parser with its diagnostics is half of the code and is needed only when there is a new policy.
  const { parsePolicy } = await import('../policy/parse.ts');
  const { document, locator } = await snapshot.parse();
  try {
    return parsePolicy(document, { origin });
  } catch (error) {
    if (!(error instanceof PolicyInvalidError) || locator === undefined) throw error;
    return parsePolicy(document, { origin, locate: await locator() });
  }
}

/** Parses and compiles what a source found; the result can be swapped in with one assignment. */
export async function activate(snapshot: PolicySnapshot, { kind, at }: ActivateOptions): Promise<ActivePolicy> {
  const { revision, origin, facts } = snapshot;
  const compiled = snapshot.compiled ?? compilePolicy(await parseSnapshot(snapshot), revision);
  return { revision, kind, origin, activatedAt: at, compiled, facts };
}
