import { requireBuiltin } from './builtin.ts';

const OWNER_ONLY = 0o600;

/** The temporary files of a write, which a process that was killed may leave behind. */
export const TEMPORARY_FILE: RegExp = /^\.\d+-[\da-f-]+\.tmp$/u;

// Makes the new name last through a power failure, where the system can do that for a folder.
async function syncFolder(folder: string, feature: string): Promise<void> {
  const { open } = requireBuiltin('node:fs/promises', feature);
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/**
 * Writes a file so that a reader sees the old content or the new one, also after a crash: into a
 * temporary file beside it, to the disk, then renamed over it. Only the owner may read it.
 */
export async function writeFileAtomically(path: string, content: string | Uint8Array, feature: string): Promise<void> {
  const { open, rename, unlink } = requireBuiltin('node:fs/promises', feature);
  const paths = requireBuiltin('node:path', feature);
  const folder = paths.dirname(path);
  const temporary = paths.join(folder, `.${process.pid}-${crypto.randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder, feature);
}
