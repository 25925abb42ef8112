import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { APP, NEXT, cleanEnvironment } from './app-copy.ts';

/** A running application. */
export interface RunningApp extends AsyncDisposable {
  readonly url: string;
  /** Everything it has printed so far. */
  readonly output: () => string;
}

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/u;
const START_TIMEOUT_MS = 60_000;

/** Starts the copy of the example on a free port of this machine. */
export async function startApp(
  command: 'dev' | 'start',
  environment: Readonly<Record<string, string>>,
): Promise<RunningApp> {
  // A group of its own: the development server has children, and all of them have to end.
  const app = spawn(process.execPath, [NEXT, command, '-H', '127.0.0.1', '-p', '0'], {
    cwd: APP,
    env: cleanEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (): void => reject(new Error(`next ${command} did not start:\n${printed}`));
    const timer = setTimeout(fail, START_TIMEOUT_MS);
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const address = ADDRESS.exec(printed)?.[0];
      if (address === undefined || !printed.includes('Ready')) return;
      clearTimeout(timer);
      resolve(address);
    };
    app.stdout.on('data', read);
    app.stderr.on('data', read);
    app.once('exit', fail);
  });
  const stop = async (): Promise<void> => {
    if (app.exitCode !== null || app.pid === undefined) return;
    const ended = once(app, 'exit');
    process.kill(-app.pid, 'SIGTERM');
    await ended;
  };
  return { url, output: () => printed, [Symbol.asyncDispose]: stop };
}
