import { requireBuiltin } from './builtin.ts';

/** When a file is put aside, and how many of those are kept. */
export interface RotationLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly maxFiles: number;
}

const FEATURE = 'recordFile()';
// What may not stand in the name of a file everywhere.
const UNFIT = /[:.]/gu;
const STAMP = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}-\d{3}Z-\d+-\d+$/u;

/**
 * Puts a file aside when it is too large or too old. Two processes that do so at the same moment lose
 * nothing: the second one puts a younger file aside.
 */
export class RecordRotation {
  readonly #path: string;
  readonly #limits: RotationLimits;
  readonly #files = requireBuiltin('node:fs/promises', FEATURE);
  readonly #paths = requireBuiltin('node:path', FEATURE);
  // Not every file system knows when a file was made.
  readonly #since = new Map<number, number>();
  #count = 0;

  constructor(path: string, limits: RotationLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  /** Makes sure that so many bytes more fit into the file. A file may be larger when one write is. */
  async makeRoom(bytes: number): Promise<void> {
    const found = await this.#files.stat(this.#path).catch(() => undefined);
    if (!found?.isFile() || found.size === 0) return;
    const { maxBytes, maxAgeMs } = this.#limits;
    const isOld = Date.now() - this.#madeAt(found) >= maxAgeMs;
    if (found.size + bytes <= maxBytes && !isOld) return;
    await this.#files.rename(this.#path, this.#nextName()).catch((error: unknown) => {
      // Another process was faster.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
    await this.#prune();
  }

  #madeAt({ ino, birthtimeMs }: { readonly ino: number; readonly birthtimeMs: number }): number {
    if (birthtimeMs > 0) return birthtimeMs;
    const known = this.#since.get(ino) ?? Date.now();
    this.#since.clear();
    this.#since.set(ino, known);
    return known;
  }

  // Sorts by time.
  #nextName(): string {
    const { dir, name, ext } = this.#paths.parse(this.#path);
    const time = new Date().toISOString().replace(UNFIT, '-');
    this.#count += 1;
    return this.#paths.join(dir, `${name}.${time}-${process.pid}-${this.#count}${ext}`);
  }

  async #prune(): Promise<void> {
    const { dir, name, ext } = this.#paths.parse(this.#path);
    const folder = dir === '' ? '.' : dir;
    const isOld = (each: string): boolean =>
      each.startsWith(`${name}.`) &&
      each.endsWith(ext) &&
      STAMP.test(each.slice(name.length + 1, each.length - ext.length));
    const old = (await this.#files.readdir(folder)).filter(isOld).toSorted();
    const surplus = old.slice(0, Math.max(old.length - this.#limits.maxFiles, 0));
    // One that another process has removed already is gone all the same.
    await Promise.all(
      surplus.map(async (each) => this.#files.unlink(this.#paths.join(folder, each)).catch(() => undefined)),
    );
  }
}
