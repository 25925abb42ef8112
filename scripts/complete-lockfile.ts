// Adds to every package-lock.json the optional packages of other platforms that npm has left out, and to
// those of examples what this package has come to depend on.
//
// A registry that offers only some platforms makes npm write a lockfile without the others, and `npm ci`
// then refuses that lockfile. The names say the platform, and the versions are pinned by the dependents.
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lockfile {
  packages: Record<string, LockedPackage>;
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];
const EXACT_VERSION = /^\d/u;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
// Examples with packages of their own are installed on their own.
const files = ['package-lock.json', ...globSync('examples/*/package-lock.json', { cwd: root })];

function platformOf(name: string): object {
  const words = name.split(/[/-]/u);
  const system = SYSTEMS.find((word) => words.includes(word));
  const processor = PROCESSORS.find((word) => words.includes(word));
  const library = words.find((word) => /^(?:gnu|musl)/u.test(word))?.startsWith('musl') ? 'musl' : 'glibc';
  return {
    ...(system !== undefined && { os: [system] }),
    ...(processor !== undefined && { cpu: [processor] }),
    ...(system === 'linux' && { libc: [library] }),
  };
}

// Where Node would find the package from the folder of its dependent.
function findLocked(packages: Lockfile['packages'], dependent: string, name: string): LockedPackage | undefined {
  for (let folder = dependent; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
    const found = packages[folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`];
    if (found || folder === '') return found;
  }
}

// npm never looks again at what a copied folder (file:) depends on, unless it has to lock it anew.
function lockCopiesAnew(file: string): void {
  const lockfile = JSON.parse(readFileSync(file, 'utf8')) as Lockfile;
  const copies = Object.entries(lockfile.packages).filter(([, { resolved }]) => resolved?.startsWith('file:'));
  if (copies.length === 0) return;
  for (const [name] of copies) delete lockfile.packages[name];
  writeFileSync(file, JSON.stringify(lockfile));
  execFileSync('npm', ['install', '--package-lock-only', '--no-audit', '--no-fund'], { cwd: dirname(file) });
}

function completeLockfile(file: string): number {
  const lockfile = JSON.parse(readFileSync(file, 'utf8')) as Lockfile;
  const { packages } = lockfile;
  let added = 0;
  for (const [dependent, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    const beside = dependent.slice(0, dependent.lastIndexOf('node_modules/'));
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (!EXACT_VERSION.test(version) || findLocked(packages, dependent, name)?.version === version) continue;
      packages[`${beside}node_modules/${name}`] = {
        version,
        ...(dev && { dev }),
        optional: true,
        ...platformOf(name),
      } as LockedPackage;
      added += 1;
    }
  }
  lockfile.packages = Object.fromEntries(Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lockfile, undefined, 2)}\n`);
  return added;
}

for (const file of files) {
  lockCopiesAnew(join(root, file));
  console.log(`${file}: ${completeLockfile(join(root, file))} optional packages of other platforms added`);
}
