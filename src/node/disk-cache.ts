import type { FileHandle } from 'node:fs/promises';

import { messageOf } from '../errors.ts';
import type { RecordCache, RecordPlace } from '../sources/record-cache.ts';
import { comparePlaces } from '../sources/record-cache.ts';
import type { CacheFault } from '../sources/source.ts';
import { findBuiltin, requireBuiltin } from './builtin.ts';
import { TEMPORARY_FILE, writeFileAtomically } from './write-file-atomically.ts';

/** Where and for whom records are kept. */
export interface DiskCacheOptions {
  /** The folder of all scopes. `~/` at its start is the home folder. */
  readonly folder: string;
  /** Name of the one scope that is read and written; nothing else is touched. */
  readonly scope: string;
  /** Told once when there is no disk to use. */
  readonly warn: (message: string) => void;
}

const FEATURE = 'The cache on disk';
const LARGEST_RECORD_BYTES = 17 * 1024 * 1024;
const MOST_READ = 4;
const MOST_LOOKS = 10;
const TEMPORARY_FOR_MS = 3_600_000;
const DIGITS = 16;
// Numbers of equal width, so that names sort as records do.
const NAME = /^(?<epoch>\d{16})-(?<version>\d{16})-(?<issuedAt>\d{16})\.bundle$/u;

type Unread = 'gone' | 'unusable';

interface Entry {
  readonly name: string;
  readonly place: RecordPlace;
}

function nameOf({ epoch, version, issuedAt }: RecordPlace): string {
  const digits = [epoch, version, issuedAt].map((number) => String(number).padStart(DIGITS, '0'));
  return `${digits.join('-')}.bundle`;
}

function entryOf(name: string): Entry | undefined {
  const { epoch, version, issuedAt } = NAME.exec(name)?.groups ?? {};
  if (epoch === undefined) return undefined;
  return { name, place: { epoch: Number(epoch), version: Number(version), issuedAt: Number(issuedAt) } };
}

function isMissing(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === 'ENOENT';
}

/**
 * Records in a folder that many processes share without locks. Each record has a file of its own whose
 * name says its place, written aside and renamed, so a reader finds whole files only, and no writer can
 * put an older record in the place of a newer one. The newest two are kept.
 */
export class DiskCache implements RecordCache {
  readonly #options: DiskCacheOptions;
  readonly #files = requireBuiltin('node:fs/promises', FEATURE);
  readonly #paths = requireBuiltin('node:path', FEATURE);
  #folder: Promise<string> | undefined;
  #isWarned = false;
  #fault: CacheFault | null = null;

  constructor(options: DiskCacheOptions) {
    this.#options = options;
  }

  get fault(): CacheFault | null {
    return this.#fault;
  }

  async newest(): Promise<RecordPlace | undefined> {
    const [newest] = await this.#guard(async (folder) => this.#entries(folder), []);
    return newest?.place;
  }

  async load(): Promise<readonly Uint8Array<ArrayBuffer>[]> {
    return this.#guard(async (folder) => this.#readNewest(folder), []);
  }

  async store(place: RecordPlace, record: Uint8Array): Promise<void> {
    await this.#guard(async (folder) => {
      await this.#sweep(folder);
      await writeFileAtomically(this.#paths.join(folder, nameOf(place)), record, FEATURE);
      await this.#prune(folder, place);
    }, undefined);
  }

  // No fault of the disk may become a fault of the policy: memory is enough to decide.
  async #guard<Result>(work: (folder: string) => Promise<Result>, otherwise: Result): Promise<Result> {
    try {
      this.#folder ??= this.#open();
      const result = await work(await this.#folder);
      this.#fault = null;
      return result;
    } catch (error) {
      this.#folder = undefined;
      this.#note(error);
      return otherwise;
    }
  }

  #note(error: unknown): void {
    const { code } = error as { readonly code?: string };
    const message = `The policy cache in ${this.#options.folder} cannot be used (${code ?? messageOf(error)}). The policy is kept in memory only, so a restart needs the control plane. Set cacheDir or CONTROLZERO_CACHE_DIR to a folder that can be written.`;
    this.#fault = { kind: 'cache_io', message, at: Date.now() };
    if (this.#isWarned) return;
    this.#isWarned = true;
    this.#options.warn(message);
  }

  async #open(): Promise<string> {
    const { folder: base, scope } = this.#options;
    const home = findBuiltin('node:os');
    const root = base.startsWith('~/') && home ? this.#paths.join(home.homedir(), base.slice(2)) : base;
    const folder = this.#paths.join(root, scope);
    await this.#makeFolder(folder);
    const found = await this.#files.lstat(folder);
    if (!found.isDirectory()) throw new Error('not a folder of its own');
    if (!isOwn(found.uid)) throw new Error('the folder belongs to another user');
    if ((found.mode & 0o077) !== 0) await this.#files.chmod(folder, 0o700);
    return folder;
  }

  // Not `recursive`: where a file system takes no folders, Node tries that for ever.
  async #makeFolder(folder: string): Promise<void> {
    const make = async (): Promise<void> => this.#files.mkdir(folder, { mode: 0o700 });
    try {
      await make();
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code === 'EEXIST') return;
      if (code !== 'ENOENT' || this.#paths.dirname(folder) === folder) throw error;
      await this.#makeFolder(this.#paths.dirname(folder));
      await make().catch((again: unknown) => {
        if ((again as { readonly code?: string }).code !== 'EEXIST') throw again;
      });
    }
  }

  async #entries(folder: string): Promise<readonly Entry[]> {
    const names = await this.#files.readdir(folder);
    const entries = names.map(entryOf).filter((entry) => entry !== undefined);
    return entries.toSorted((left, right) => comparePlaces(right.place, left.place));
  }

  async #readNewest(folder: string): Promise<readonly Uint8Array<ArrayBuffer>[]> {
    let found: readonly (Uint8Array<ArrayBuffer> | Unread)[] = [];
    for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
      const entries = await this.#entries(folder);
      found = await Promise.all(entries.slice(0, MOST_READ).map(async ({ name }) => this.#read(folder, name)));
      // Gone in between: a newer one took its place.
      if (found[0] !== 'gone') break;
    }
    return found.filter((record) => typeof record !== 'string');
  }

  async #read(folder: string, name: string): Promise<Uint8Array<ArrayBuffer> | Unread> {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = this.#files.constants;
    let file: FileHandle | undefined;
    try {
      file = await this.#files.open(this.#paths.join(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const found = await file.stat();
      const isSafe = found.isFile() && isOwn(found.uid) && found.size <= LARGEST_RECORD_BYTES;
      return isSafe ? new Uint8Array(await file.readFile()) : 'unusable';
    } catch (error) {
      // A link, or not ours: there are others.
      return isMissing(error) ? 'gone' : 'unusable';
    } finally {
      await file?.close();
    }
  }

  async #prune(folder: string, own: RecordPlace): Promise<void> {
    const older = (await this.#entries(folder)).filter(({ place }) => comparePlaces(place, own) < 0);
    // The newest of the older ones stays: it is what remains should the new one turn out damaged.
    await Promise.all(older.slice(1).map(async ({ name }) => this.#remove(folder, name)));
  }

  // What a process that was killed has left behind.
  async #sweep(folder: string): Promise<void> {
    const names = (await this.#files.readdir(folder)).filter((name) => TEMPORARY_FILE.test(name));
    for (const name of names) {
      const found = await this.#files.lstat(this.#paths.join(folder, name)).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs > TEMPORARY_FOR_MS) await this.#remove(folder, name);
    }
  }

  async #remove(folder: string, name: string): Promise<void> {
    await this.#files.unlink(this.#paths.join(folder, name)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }
}

function isOwn(uid: number): boolean {
  const { getuid } = process as Partial<Pick<NodeJS.Process, 'getuid'>>;
  return getuid === undefined || getuid() === uid;
}
