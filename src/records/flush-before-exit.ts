/** Something that holds records. */
export interface Unwritten {
  /** Resolves when they were written, or could not be. */
  flush(): Promise<void>;
  /** Ends what `flush()` waits for. */
  giveUp(): void;
  /** Writes at once what can be. */
  flushSync(): void;
}

interface ExitingProcess {
  on(event: 'beforeExit' | 'exit', listener: () => void): unknown;
  off(event: 'beforeExit' | 'exit', listener: () => void): unknown;
}

const LIMIT_MS = 2000;

// Only those that hold something at present: clients that nobody closed must not pile up here.
const waiting = new Set<Unwritten>();

function runtime(): ExitingProcess | undefined {
  const { process } = globalThis as { readonly process?: Partial<ExitingProcess> };
  return typeof process?.on === 'function' && typeof process.off === 'function'
    ? (process as ExitingProcess)
    : undefined;
}

// Node calls this again once the work is done. A sink that failed has to be spared by then, so that
// nothing is tried twice and the process ends.
function beforeExit(): void {
  const all = [...waiting];
  for (const each of all) void each.flush();
  const timer: { unref?: () => void } | number = setTimeout(() => {
    for (const each of all) each.giveUp();
  }, LIMIT_MS);
  if (typeof timer === 'object') timer.unref?.();
}

function exit(): void {
  for (const each of waiting) each.flushSync();
}

/**
 * Flushes something before the process ends by itself, for two seconds at most, and what can be written
 * at once also when `process.exit()` ends it. Nothing holds the process up until then. Does nothing on
 * runtimes without a process.
 */
export function flushBeforeExit(unwritten: Unwritten): void {
  if (waiting.size === 0) {
    runtime()?.on('beforeExit', beforeExit);
    runtime()?.on('exit', exit);
  }
  waiting.add(unwritten);
}

/** There is nothing to flush any more. */
export function nothingToFlush(unwritten: Unwritten): void {
  if (!waiting.delete(unwritten) || waiting.size > 0) return;
  runtime()?.off('beforeExit', beforeExit);
  runtime()?.off('exit', exit);
}
