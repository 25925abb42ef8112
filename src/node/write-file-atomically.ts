import { requireBuiltin } from './builtin.ts';

const OWNER_ONLY = 0o600;

/**
 * Writes a file so that a reader sees the old content or the new one, also after a crash: into a
 * temporary file beside it, to the disk, then renamed over it. Only the owner may read it.
 */
export async function writeFileAtomically(path: string, content: string, feature: string): Promise<void> {
  const { open, rename, unlink } = requireBuiltin('node:fs/promises', feature);
  const paths = requireBuiltin('node:path', feature);
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
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
  // Without this, the rename itself may be lost when the machine goes down. Not every system can do it.
  const folder = await open(paths.dirname(path), 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
