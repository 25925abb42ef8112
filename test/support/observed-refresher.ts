import type { PolicySnapshot, PolicySource } from '../../src/index.ts';
import { PolicyUnavailableError } from '../../src/index.ts';
import { inlineSource } from '../../src/sources/inline.ts';
import { NetworkPacing } from '../../src/sync/network-pacing.ts';
import type { RefresherOptions } from '../../src/sync/refresher.ts';
import { Refresher } from '../../src/sync/refresher.ts';
import type { FakeClock } from './fake-clock.ts';
import { createFakeClock } from './fake-clock.ts';

const MINUTE = 60_000;

const inline = inlineSource({ rules: [] });

/** Reads a policy without rules. */
export const readEmpty: PolicySource['read'] = async (options) => inline.read(options);

/** A refresher on a clock that stands still, and what it told. */
export interface Observed {
  readonly refresher: Refresher;
  readonly log: string[];
  readonly clock: FakeClock;
}

/** Makes a refresher for a source of which a test gives what matters. */
export function observe(source: Partial<PolicySource>, options: Partial<RefresherOptions> = {}): Observed {
  const log: string[] = [];
  const clock = createFakeClock();
  const refresher = new Refresher({
    source: { kind: 'test', refreshIntervalMs: 0, read: readEmpty, ...source },
    intervalMs: 0,
    keepsExpired: false,
    clock,
    listener: {
      activated: ({ revision }) => void log.push(`activated ${revision.length}`),
      failed: (error) => void log.push(`failed ${String(error)}`),
      changed: ({ state }) => void log.push(state),
      noticed: (message) => void log.push(message),
    },
    ...options,
  });
  return { refresher, log, clock };
}

/** A source that is asked over a network, whose answers a test decides. */
class RemoteSource implements PolicySource {
  readonly kind: string = 'remote';
  readonly refreshIntervalMs: number = MINUTE;
  readonly pacing: NetworkPacing;
  failure: unknown;
  reads: number = 0;
  /** How many reads are under way. */
  concurrent: number = 0;
  expiresAt: number | null = null;
  version: number = 1;
  stored: boolean = false;
  hint: (() => void) | undefined;
  hold: Promise<void> | undefined;

  constructor(clock: FakeClock) {
    this.pacing = new NetworkPacing({ intervalMs: MINUTE, clock });
  }

  async read(): Promise<PolicySnapshot> {
    this.reads += 1;
    this.concurrent += 1;
    await this.hold;
    await new Promise((resolve) => setImmediate(resolve));
    this.concurrent -= 1;
    if (this.failure !== undefined) throw this.failure;
    return this.snapshot('network');
  }

  async readStored(): Promise<PolicySnapshot | undefined> {
    return this.stored ? this.snapshot('cache') : undefined;
  }

  watch(hint: () => void): () => void {
    this.hint = hint;
    return () => {
      this.hint = undefined;
    };
  }

  private snapshot(source: 'network' | 'cache'): PolicySnapshot {
    const { version, expiresAt } = this;
    const facts = { epoch: 1, version, digest: `${version}`, integrity: 'test', issuedAt: null, keyId: null };
    return {
      revision: `revision ${version}`,
      origin: 'a test',
      facts: { ...facts, expiresAt, source },
      parse: async () => ({ document: { rules: [] } }),
    };
  }
}

/** A refresher of such a source. */
export interface Remote extends Observed {
  readonly source: RemoteSource;
}

/** What a test may give instead of the usual. */
export interface RemoteOptions extends Partial<Omit<RefresherOptions, 'clock'>> {
  readonly clock?: FakeClock;
}

/** Makes a refresher for a source that is asked over a network. */
export function remote({ clock = createFakeClock(), ...options }: RemoteOptions = {}): Remote {
  const source = new RemoteSource(clock);
  const observed = observe({}, { source, intervalMs: MINUTE, clock, ...options });
  return { ...observed, clock, source };
}

/** What such a source throws when nobody answers. */
export const unreachable: PolicyUnavailableError = new PolicyUnavailableError({
  message: 'No answer.',
  kind: 'network',
});
/** What such a source throws when its key is refused. */
export const refused: PolicyUnavailableError = new PolicyUnavailableError({
  message: 'Key refused.',
  kind: 'auth',
  httpStatus: 401,
});
