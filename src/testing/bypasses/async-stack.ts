import type { Session } from 'node:inspector';

import { findBuiltin } from '../../node/builtin.ts';
import type { Frame } from './source-position.ts';
import { plainPath } from './source-position.ts';

interface InspectedFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface InspectedStack {
  readonly callFrames: readonly InspectedFrame[];
  readonly parent?: InspectedStack | undefined;
}

// Of promises and timers between the call and the request.
const MOST_STEPS = 64;

/**
 * The stacks that led to the running code, across promises, timers and streams: what a debugger shows. V8
 * keeps them while a session asks for it.
 */
export class AsyncStack {
  readonly #session: Session | undefined;
  readonly #trace: (() => void) | undefined;
  #stack: InspectedStack | undefined;

  constructor() {
    const inspector = findBuiltin('node:inspector');
    if (!inspector) return;
    this.#session = new inspector.Session();
    this.#session.connect();
    this.#session.post('Runtime.enable');
    this.#session.post('Debugger.setAsyncCallStackDepth', { maxDepth: MOST_STEPS });
    this.#session.on('Runtime.consoleAPICalled', ({ params }) => {
      if (params.type === 'trace') this.#stack = params.stackTrace;
    });
    // Goes to debuggers only, and prints nothing.
    this.#trace = () => inspector.console.trace();
  }

  /** The frames, innermost first; none without an inspector. */
  frames(): readonly Frame[] {
    this.#trace?.();
    const frames: Frame[] = [];
    for (let stack = this.#stack; stack; stack = stack.parent)
      for (const { functionName, url, lineNumber, columnNumber } of stack.callFrames)
        frames.push({ name: functionName, file: plainPath(url), line: lineNumber + 1, column: columnNumber + 1 });
    this.#stack = undefined;
    // It would remember what the application prints meanwhile.
    this.#session?.post('Runtime.discardConsoleEntries');
    return frames;
  }

  close(): void {
    this.#session?.disconnect();
  }
}
