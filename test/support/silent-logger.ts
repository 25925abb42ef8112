import type { Logger } from '../../src/index.ts';

function ignore(): void {
  // What tests provoke on purpose would fill their output.
}

/** A logger for tests that provoke warnings. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
