import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Where the sources of the package are, for `import()` in a program. */
export const SOURCE_URL: string = pathToFileURL(join(root, 'src/index.ts')).href;

/** How a program is run. */
export interface ProgramOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Options of Node. */
  readonly flags?: readonly string[];
}

/** Runs a program in a process of its own, without this process's Control Zero variables, and gives what it printed. */
export async function runProgram(program: string, options: ProgramOptions): Promise<string> {
  const { cwd, environment = {}, flags = [] } = options;
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('CONTROLZERO_') && !name.startsWith('NODE_'),
  );
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--input-type=module', '-e', program], {
    cwd,
    env: { ...Object.fromEntries(inherited), ...environment },
    timeout: 30_000,
  });
  return stdout.trim();
}
