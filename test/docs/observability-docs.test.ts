import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const NAME = /(?:gen_ai|controlzero|error)\.[a-z_.]+[a-z]/u.source;

function namesIn(text: string, quote: string): readonly string[] {
  const names = Array.from(text.matchAll(new RegExp(`${quote}(${NAME})${quote}`, 'gu')), ([, name = '']) => name);
  return Array.from(new Set(names)).toSorted();
}

test('the page on observability names every attribute and metric, and no other', () => {
  const sources = readdirSync(join(root, 'adapters/otel')).map((file) => read(`adapters/otel/${file}`));
  const emitted = namesIn(sources.join('\n'), "'");
  expect(emitted.length).toBeGreaterThan(25);
  expect(namesIn(read('docs/observability.md'), '`')).toEqual(emitted);
});
