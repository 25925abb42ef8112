import { findBuiltin } from '../../node/builtin.ts';

/** A frame of a stack. */
export interface Frame {
  readonly name: string;
  /** A path or an URL. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A path where the file is one. */
export function plainPath(file: string): string {
  return file.startsWith('file://') ? (findBuiltin('node:url')?.fileURLToPath(file) ?? file) : file;
}

const FRAME =
  /^\s*at (?:async )?(?:(?<name>.*?) \()?(?<file>(?:file:\/\/|[a-z]:[\\/]|\/|[a-z-]+:)[^()]*?):(?<line>\d+):(?<column>\d+)\)?$/iu;

/** Reads one line of a stack; undefined when it names no place in a file. */
export function readFrame(text: string): Frame | undefined {
  const { name = '', file, line, column } = FRAME.exec(text)?.groups ?? {};
  return file === undefined ? undefined : { name, file: plainPath(file), line: Number(line), column: Number(column) };
}

// As much of a frame as the stack formatters of test runners and loaders look at. They take its methods from
// its class.
class FormattedFrame {
  readonly #frame: Frame;

  constructor(frame: Frame) {
    this.#frame = frame;
  }

  getFileName(): string {
    return this.#frame.file;
  }

  getScriptNameOrSourceURL(): string {
    return this.#frame.file;
  }

  getLineNumber(): number {
    return this.#frame.line;
  }

  getColumnNumber(): number {
    return this.#frame.column;
  }

  getFunctionName(): string {
    return this.#frame.name;
  }

  getEvalOrigin(): undefined {
    return undefined;
  }

  getTypeName(): null {
    return null;
  }

  getMethodName(): null {
    return null;
  }

  isNative(): boolean {
    return false;
  }

  isEval(): boolean {
    return false;
  }

  isConstructor(): boolean {
    return false;
  }

  isToplevel(): boolean {
    return true;
  }

  isAsync(): boolean {
    return false;
  }

  toString(): string {
    const { name, file, line, column } = this.#frame;
    return `${name} (${file}:${line}:${column})`;
  }
}

type Formatter = (error: Error, frames: readonly unknown[]) => unknown;

// Whoever compiles sources as they are loaded puts the positions right when a stack is formatted.
function byFormatter(frame: Frame): Frame | undefined {
  const format = (Error as unknown as { readonly prepareStackTrace?: Formatter }).prepareStackTrace;
  try {
    const text = format?.(new Error('frame'), [new FormattedFrame(frame)]);
    return typeof text === 'string' ? readFrame(text.split('\n').at(-1) ?? '') : undefined;
  } catch {
    return undefined;
  }
}

function bySourceMap({ name, file, line, column }: Frame): Frame | undefined {
  const entry = findBuiltin('node:module')?.findSourceMap(file)?.findOrigin(line, column);
  if (!entry || !('fileName' in entry)) return undefined;
  return { name, file: plainPath(entry.fileName), line: entry.lineNumber, column: entry.columnNumber };
}

/** Where a frame of compiled code stands in the source that somebody wrote. */
export function sourcePosition(frame: Frame): Frame {
  return bySourceMap(frame) ?? byFormatter(frame) ?? frame;
}
