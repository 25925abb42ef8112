import type { Logger } from '../../src/index.ts';

/** A logger that keeps what it is told. */
export interface MemoryLogger extends Logger {
  readonly lines: string[];
}

/** Makes a logger that keeps every line as `level: message`. */
export function memoryLogger(): MemoryLogger {
  const lines: string[] = [];
  const log = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  return { lines, debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}
