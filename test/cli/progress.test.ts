import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';

import { Progress } from '../../cli/progress.ts';

let written: string[];
beforeEach(() => {
  written = [];
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function setTerminal(isTTY: boolean): void {
  const before = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');
  Object.defineProperty(process.stderr, 'isTTY', { value: isTTY, configurable: true });
  onTestFinished(() => {
    if (before) Object.defineProperty(process.stderr, 'isTTY', before);
    else Reflect.deleteProperty(process.stderr, 'isTTY');
  });
}

function showAt(progress: Progress, ...milliseconds: number[]): void {
  const start = Date.now();
  for (const after of milliseconds) {
    vi.setSystemTime(start + after);
    progress.show(`${after}`);
  }
}

test('on a terminal, what takes longer shows now and then how far it is, and leaves nothing behind', () => {
  setTerminal(true);
  const progress = new Progress();
  showAt(progress, 10, 499, 500, 510, 599, 600, 2000);
  expect(written).toEqual(['500', '600', '2000'].map((text) => `\r\u001B[K${text}`));
  progress.end();
  progress.end();
  expect(written.slice(3)).toEqual(['\r\u001B[K']);
});

test('what is done soon shows nothing, and neither does anything into a pipe', () => {
  setTerminal(true);
  const quick = new Progress();
  showAt(quick, 10, 400);
  quick.end();
  setTerminal(false);
  const piped = new Progress();
  showAt(piped, 10, 5000);
  piped.end();
  expect(written).toEqual([]);
});
