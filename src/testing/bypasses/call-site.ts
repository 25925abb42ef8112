import { AsyncStack } from './async-stack.ts';
import type { Frame } from './source-position.ts';
import { plainPath, readFrame, sourcePosition } from './source-position.ts';

/** Where the code of an application made a call. */
export interface CallSite {
  readonly site: string | undefined;
  readonly stack: readonly string[];
}

const MOST_FRAMES = 10;
const FOREIGN = /[\\/]node_modules[\\/]|^(?:node|internal|native|evalmachine|data|wasm):/u;
// Of this package, when it is not installed but worked on: as sources, or built into chunks.
const IS_SOURCE = import.meta.url.includes('/src/testing/bypasses/');
const OWN = (IS_SOURCE ? ['../../', '../../../adapters/'] : ['../']).map((folder) =>
  plainPath(new URL(folder, import.meta.url).href),
);

function isApplication({ file }: Frame): boolean {
  return file !== '' && !FOREIGN.test(file) && !OWN.some((folder) => file.startsWith(folder));
}

function place({ file, line, column }: Frame): string {
  return `${file}:${line}:${column}`;
}

function siteOf(frames: readonly Frame[]): CallSite {
  const own = frames.filter(isApplication).slice(0, MOST_FRAMES);
  return {
    site: own[0] && place(own[0]),
    stack: own.map((frame) => (frame.name === '' ? place(frame) : `${frame.name} (${place(frame)})`)),
  };
}

function errorFrames({ stack = '' }: Error): readonly Frame[] {
  return stack.split('\n').flatMap((line) => readFrame(line) ?? []);
}

/** Tells where calls come from while a detector runs. */
export class CallSites {
  readonly #asyncStack = new AsyncStack();

  /** Notes where the running code was called from. It is worked out when it is asked for. */
  note(): () => CallSite {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 200;
    const error = new Error('call site');
    Error.stackTraceLimit = stackTraceLimit;
    const frames = this.#asyncStack.frames();
    return () => {
      // Formatted by whoever compiles sources here, and complete where everybody awaits everybody.
      const known = siteOf(errorFrames(error));
      return known.site === undefined ? siteOf(frames.filter(isApplication).map(sourcePosition)) : known;
    };
  }

  close(): void {
    this.#asyncStack.close();
  }
}
