import { onTestFinished } from 'vitest';

import type { ControlZeroOptions, SecretEvent, SecretsContent, SecretsSource } from '../../src/index.ts';
import { ControlZero, SecretUnavailableError } from '../../src/index.ts';
import type { MemoryLogger } from './memory-logger.ts';
import { memoryLogger } from './memory-logger.ts';

/** Secrets by name. */
export type Values = Readonly<Record<string, string>>;

/** A source of secrets that a test steers. */
interface SteeredSource extends SecretsSource {
  /** How often it was read. */
  reads: number;
  /** The bytes it handed out last. */
  handedOut: Uint8Array[];
  /** Until when the values are good. */
  expiresAt: number | undefined;
  /** What opening it gives instead, in its own time. */
  opening: Promise<SecretsContent> | undefined;
  /** Takes the right to read away. */
  revoke(message: string): void;
  /** Replaces what it holds. */
  hold(values: Values): void;
  /** Makes every later read do this instead; undefined = answer again. */
  instead: (() => Promise<never>) | undefined;
}

/** Makes a source of secrets that holds some values. */
function steeredSource(values: Values): SteeredSource {
  let held = values;
  let revision = 0;
  const listeners = new Set<(error: SecretUnavailableError) => void>();
  return {
    kind: 'steered',
    refreshIntervalMs: 0,
    reads: 0,
    handedOut: [],
    instead: undefined,
    expiresAt: undefined,
    opening: undefined,
    revoke(message) {
      for (const listener of listeners) listener(new SecretUnavailableError({ reasonCode: 'REVOKED', message }));
    },
    onRevoked(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    hold(next) {
      held = next;
      revision += 1;
    },
    async read() {
      this.reads += 1;
      if (this.instead) return this.instead();
      return {
        revision: String(revision),
        open: async () => {
          if (this.opening) return this.opening;
          const opened = new Map(
            Object.entries(held).map(([name, value]) => [name, new TextEncoder().encode(value)] as const),
          );
          this.handedOut = [...opened.values()];
          return { secrets: opened, ...(this.expiresAt !== undefined && { expiresAt: this.expiresAt }) };
        },
      };
    },
  };
}

/** A client with secrets, and what it told. */
export interface SecretsStage {
  readonly cz: ControlZero;
  readonly source: SteeredSource;
  readonly logger: MemoryLogger;
  readonly events: SecretEvent[];
}

/** Makes a client on a source of secrets that a test steers. Nothing is initialized yet. */
export function secretsStage(values: Values, options: ControlZeroOptions = {}): SecretsStage {
  const source = steeredSource(values);
  const logger = memoryLogger();
  const cz = new ControlZero({
    policy: { rules: [] },
    secretsEnabled: true,
    secretsSource: source,
    logger,
    ...options,
  });
  onTestFinished(async () => cz.close());
  const events: SecretEvent[] = [];
  cz.onSecret((event) => events.push(event));
  return { cz, source, logger, events };
}
