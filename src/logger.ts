/** Where the package reports what an operator should know. `console` fits. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

function emitWarning(message: string): void {
  const { process } = globalThis as { readonly process?: Partial<Pick<NodeJS.Process, 'emitWarning'>> };
  process?.emitWarning?.(message, { type: 'ControlZeroWarning' });
}

function ignore(): void {
  // Nothing to do: without a logger only warnings and errors are shown.
}

/** Without a logger, warnings and errors become process warnings, and the rest is not shown. */
export const defaultLogger: Logger = { debug: ignore, info: ignore, warn: emitWarning, error: emitWarning };

/** A logger that changes every message before it hands it on. */
export function mapLogger(logger: Logger, change: (message: string) => string): Logger {
  return {
    debug: (message) => logger.debug(change(message)),
    info: (message) => logger.info(change(message)),
    warn: (message) => logger.warn(change(message)),
    error: (message) => logger.error(change(message)),
  };
}
