import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Canary } from '../support/canaries.ts';
import { ENCODINGS, findCanaries } from '../support/canaries.ts';
import { HOSTED_FAILURES } from '../support/leak-failures-hosted.ts';
import { LOCAL_FAILURES } from '../support/leak-failures.ts';
import type { Exposed } from '../support/leak-sinks.ts';
import { SINKS } from '../support/leak-sinks.ts';
import { CANARIES, hostedLeakStage, leakStage } from '../support/leak-stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const local = Object.entries(LOCAL_FAILURES);
const hosted = Object.entries(HOSTED_FAILURES);
const sinks = Object.entries(SINKS);
let scans = 0;
const quiet: string[] = [];

async function leaksOf(failure: string, exposed: Exposed, canaries: readonly Canary[]): Promise<string[]> {
  // The warning that a local policy wins over an API key is there each time.
  const lines = exposed.lines.filter((line) => !line.includes('The local policy applies'));
  if (exposed.errors.length + lines.length === 0) quiet.push(failure);
  const leaks: string[] = [];
  for (const [sink, drain] of sinks) {
    const text = await drain(exposed);
    scans += Object.keys(ENCODINGS).length;
    leaks.push(...findCanaries(text, canaries).map(({ canary, encoding }) => `${sink}: ${canary}, ${encoding}`));
  }
  return leaks;
}

describe('the scanner', () => {
  test.each(
    sinks.flatMap(([name, sink]) =>
      Object.entries(ENCODINGS).map(([encoding, encode]) => [name, encoding, sink, encode] as const),
    ),
  )('finds a canary that is planted into %s as %s', async (_, encoding, sink, encode) => {
    for (const { name, value } of CANARIES) {
      const text = `before ${encode(value)} after`;
      const planted: Error = new Error(text, { cause: new Error(text) });
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'cache'), text);
      const found = findCanaries(
        await sink({
          client: { text },
          errors: [Object.assign(planted, { text, toJSON: () => ({ text }) })].map((error) => {
            // Functions cannot be cloned.
            Object.defineProperty(error, 'toJSON', { enumerable: false });
            return error;
          }),
          status: { text },
          events: [{ text }],
          lines: [text],
          folder,
        }),
        CANARIES,
      );
      expect(found).toContainEqual({ canary: name, encoding });
    }
  });

  test('finds nothing where nothing is', () => {
    expect(findCanaries('sk-canary and cz_live_ are only beginnings', CANARIES)).toEqual([]);
  });
});

describe('no secret and no API key gets out', () => {
  test.each(local)('with %s', async (name, { options, provoke }) => {
    const stage = await leakStage(options);
    await provoke(stage);
    expect(await leaksOf(name, await stage.exposed(), stage.canaries)).toEqual([]);
  });

  test.each(hosted)('with %s', async (name, { options, provoke }) => {
    const stage = await hostedLeakStage(options);
    await provoke(stage);
    expect(await leaksOf(name, await stage.exposed(), stage.canaries)).toEqual([]);
  });

  test('in enough places, forms and ways to fail', () => {
    const failures = local.length + hosted.length;
    expect(sinks.length).toBeGreaterThanOrEqual(20);
    expect(failures).toBeGreaterThanOrEqual(12);
    // Whatever should fail did.
    expect(quiet).toEqual(['no failure at all', 'a rotation', 'no failure of a control plane', 'a changed secret']);
    expect(scans).toBe(sinks.length * Object.keys(ENCODINGS).length * failures);
  });
});
