import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, inject, test } from 'vitest';

import { APP, cleanEnvironment } from './support/app-copy.ts';
import { RECORDER } from './support/build-app.ts';

const { status, output, connections } = inject('build');

test('next build passes without a policy file and without a key', () => {
  expect(status, output).toBe(0);
  expect(existsSync(join(APP, 'controlzero.yaml'))).toBe(false);
  expect(output).not.toMatch(/warning|deprecated/iu);
});

test('next build opens no connection that leaves the machine', () => {
  expect(status).toBe(0);
  expect(connections).toEqual([]);
});

test('a page that is prerendered without a policy is told so, and the build goes on', () => {
  const page = readFileSync(join(APP, '.next/server/app/prerendered.html'), 'utf8');
  expect(page.replaceAll('<!-- -->', '')).toContain('At build: no policy');
});

test('nothing of the package is in what browsers load', () => {
  const folder = join(APP, '.next/static');
  const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  const texts = scripts.map((name) => readFileSync(join(folder, name), 'utf8'));
  // The same search finds what is there: the page's own texts.
  expect(texts.filter((text) => text.includes('What you may use'))).not.toEqual([]);
  expect(texts.filter((text) => /controlzero\.instances|OPENAI_API_KEY/u.test(text))).toEqual([]);
});

test('importing lib/cz.ts starts no timer and leaves nothing on globalThis', () => {
  // Under the condition of server components, outside of which server-only throws.
  const program = `
    const before = Reflect.ownKeys(globalThis).length;
    await import(${JSON.stringify(pathToFileURL(join(APP, 'lib/cz.ts')).href)});
    const timers = process.getActiveResourcesInfo().filter((name) => name.includes('Timeout') || name.includes('Immediate'));
    console.log(JSON.stringify([timers, Reflect.ownKeys(globalThis).length - before]));`;
  const printed = execFileSync(process.execPath, ['--conditions=react-server', '--input-type=module', '-e', program], {
    cwd: APP,
    encoding: 'utf8',
    env: cleanEnvironment(),
  });
  expect(JSON.parse(printed)).toEqual([[], 0]);
});

test('the recorder of connections records what would leave the machine, and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nextjs-route-connections-'));
  const file = join(folder, 'connections.txt');
  const program = `
    const server = require('node:http').createServer((_, response) => response.end('here')).listen(0, '127.0.0.1', async () => {
      console.log(await (await fetch('http://127.0.0.1:' + server.address().port)).text());
      await fetch('http://example.invalid:81').catch((error) => console.log(error.cause.message));
      server.close();
    });`;
  const printed = execFileSync(process.execPath, ['--require', RECORDER, '-e', program], {
    encoding: 'utf8',
    env: cleanEnvironment({ CONNECTIONS_FILE: file }),
  });
  expect(printed).toBe('here\nNo network during this build: example.invalid\n');
  expect(readFileSync(file, 'utf8')).toBe('example.invalid:81\n');
  rmSync(folder, { recursive: true });
});
