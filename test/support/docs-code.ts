import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** One piece of code in the documentation. */
export interface CodeBlock {
  /** File and line, for messages. */
  readonly place: string;
  readonly language: string;
  readonly code: string;
}

const FENCE = /^(?<indent>[ *]*)```(?<language>[a-z]+)[^\n]*\n(?<code>.*?)^[ *]*```$/gmsu;

function blocksIn(root: string, file: string): CodeBlock[] {
  const text = readFileSync(join(root, file), 'utf8');
  return Array.from(text.matchAll(FENCE), ({ groups, index }) => {
    const indent = groups?.['indent'] ?? '';
    const lines = (groups?.['code'] ?? '')
      .split('\n')
      .map((line) => (line.startsWith(indent.trimEnd()) ? line.slice(indent.length) : line));
    const line = text.slice(0, index).split('\n').length;
    return { place: `${file}:${line}`, language: groups?.['language'] ?? '', code: lines.join('\n') };
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

/** What the comments behind `console.log(...)` say it prints. */
export function promisedOutput({ code }: CodeBlock): string[] {
  return Array.from(code.matchAll(/^console\.log\(.*\);(?: |\n)\/\/ (.+)$/gmu), ([, promised = '']) => promised);
}
