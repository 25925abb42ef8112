import type { ControlZeroOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import { plainCopy } from './policy/plain-copy.ts';
import { revisionOf } from './sources/revision.ts';

/** Numbers for objects that were seen in options before. */
export interface KnownObjects {
  readonly identities: WeakMap<object, number>;
  next: number;
}

function identityOf(value: object, known: KnownObjects): number {
  const seen = known.identities.get(value);
  if (seen !== undefined) return seen;
  const identity = known.next;
  known.next += 1;
  known.identities.set(value, identity);
  return identity;
}

/**
 * A text that two options share when they configure the same client: plain values count as such, objects
 * that do something by identity. It is a hash, because the API key is among them.
 */
export async function configurationKey(options: ControlZeroOptions | undefined, known: KnownObjects): Promise<string> {
  const { logger: _, source: __, secretsSource: ___, traceContext: ____, records, ...plain } = resolveOptions(options);
  // As they were given: the default logger is another object in each copy of the package.
  const { logger, source, secretsSource, traceContext } = options ?? {};
  const identities = [logger, source, secretsSource, traceContext, ...records].map((value) =>
    value === undefined ? null : identityOf(value, known),
  );
  return revisionOf(JSON.stringify([plainCopy(plain).copy, identities]));
}
