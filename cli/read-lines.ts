import { createReadStream } from 'node:fs';

const LONGEST_LINE = 1024 * 1024;

/**
 * The lines of a file, or of the standard input for `-`, one at a time. Of a line over 1,048,576
 * characters only the beginning is given, so that a file without line breaks takes no more memory.
 */
export async function* readLines(path: string): AsyncGenerator<string> {
  const stream = path === '-' ? process.stdin.setEncoding('utf8') : createReadStream(path, { encoding: 'utf8' });
  let rest = '';
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    yield* lines;
  }
  if (rest !== '') yield rest;
}
