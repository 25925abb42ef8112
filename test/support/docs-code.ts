import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** One piece of code in the documentation. */
export interface CodeBlock {
  /** File and line, for messages. */
  readonly place: string;
  readonly language: string;
  /** The file that the block is taken from, after `from=` in its first line: tested there, and equal to it. */
  readonly from?: string;
  readonly code: string;
}

const FENCE = /^(?<indent>[ *]*)```(?<language>[a-z]+)(?<info>[^\n]*)\n(?<code>.*?)^[ *]*```$/gmsu;

function blocksIn(root: string, file: string): CodeBlock[] {
  const text = readFileSync(join(root, file), 'utf8');
  return Array.from(text.matchAll(FENCE), ({ groups, index }) => {
    const indent = groups?.['indent'] ?? '';
    const lines = (groups?.['code'] ?? '')
      .split('\n')
      .map((line) => (line.startsWith(indent.trimEnd()) ? line.slice(indent.length) : line));
    const line = text.slice(0, index).split('\n').length;
    const from = /\bfrom=(\S+)/u.exec(groups?.['info'] ?? '')?.[1];
    const language = groups?.['language'] ?? '';
    return { place: `${file}:${line}`, language, ...(from !== undefined && { from }), code: lines.join('\n') };
  });
}

function filesIn(root: string, folder: string, extension: string): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(extension));
  return files.map((entry) => relative(root, join(entry.parentPath, entry.name))).toSorted();
}

/** All code blocks of the Markdown pages. */
export function markdownBlocks(root: string): CodeBlock[] {
  const pages = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...pages, ...filesIn(root, 'docs', '.md')].flatMap((file) => blocksIn(root, file));
}

/** All examples in docstrings of the sources. */
export function docstringBlocks(root: string): CodeBlock[] {
  return ['src', 'adapters'].flatMap((folder) => filesIn(root, folder, '.ts')).flatMap((file) => blocksIn(root, file));
}

/** The first line of a block that its file does not have after those before it; undefined when it has them all. */
export function strayLine({ code }: CodeBlock, source: string): string | undefined {
  const lines = source.split('\n').map((line) => line.trim());
  let next = 0;
  for (const line of code.split('\n').map((text) => text.trim())) {
    const found = line === '' ? next - 1 : lines.indexOf(line, next);
    if (line !== '' && found === -1) return line;
    next = found + 1;
  }
  return undefined;
}

/** What the comments behind `console.log(...)` say it prints. */
export function promisedOutput({ code }: CodeBlock): string[] {
  return Array.from(code.matchAll(/^console\.log\(.*\);(?: |\n)\/\/ (.+)$/gmu), ([, promised = '']) => promised);
}
