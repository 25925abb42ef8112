import { ConfigurationError } from '../errors.ts';
import { requireBuiltin } from './builtin.ts';

const WAIT_MS = 25;
const MOST_ATTEMPTS = 400;

async function acquire(lock: string): Promise<void> {
  const { open } = requireBuiltin('node:fs/promises', 'A lock file');
  for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts += 1) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      return;
    } catch (error) {
      const { code = 'no code' } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') throw new ConfigurationError(`The lock ${lock} cannot be made (${code}).`);
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
  throw new ConfigurationError(
    `The lock ${lock} has not gone away. Another process is writing; if none is, one was stopped half-way: remove the lock.`,
  );
}

/**
 * Runs something while no other process does so for the same file.
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` when the lock cannot be made, or stays taken for ten seconds
 */
export async function withFileLock<Result>(path: string, run: () => Promise<Result>): Promise<Result> {
  const { unlink } = requireBuiltin('node:fs/promises', 'A lock file');
  const lock = `${path}.lock`;
  await acquire(lock);
  try {
    return await run();
  } finally {
    await unlink(lock).catch(() => undefined);
  }
}
