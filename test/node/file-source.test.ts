import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { ControlZero, PolicyEvent } from '../../src/index.ts';
import { PolicyInvalidError, PolicyUnavailableError, init } from '../../src/index.ts';
import { fileSource } from '../../src/node/index.ts';
import { memoryLogger } from '../support/memory-logger.ts';
import { describeSourceConformance } from '../support/source-conformance.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const allowing = (...models: readonly string[]): string =>
  `version: '1'\nrules:\n${models.map((model) => `  - allow: llm:generate\n    resource: model/${model}\n`).join('')}`;

// Old enough to be taken at once: a file that was just written is read again until it rests.
function writeRested(path: string, text: string): void {
  writeFileSync(path, text);
  utimesSync(path, 1, 1);
}

interface Watched {
  readonly cz: ControlZero;
  readonly events: PolicyEvent[];
  allows(model: string): boolean;
  /** Resolves at the next policy event of a kind. */
  next(type: PolicyEvent['type']): Promise<PolicyEvent>;
}

async function watch(policyFile: string): Promise<Watched> {
  const cz = await init({ policyFile, refreshInterval: 0.02, logger: memoryLogger() });
  onTestFinished(async () => cz.close());
  const events: PolicyEvent[] = [];
  cz.onPolicy((event) => events.push(event));
  return {
    cz,
    events,
    allows: (model) => cz.evaluate({ action: 'llm.generate', resource: `model/${model}` }).allowed,
    next: async (type) =>
      new Promise((resolve) => {
        const stop = cz.onPolicy((event) => {
          if (event.type !== type) return;
          stop();
          resolve(event);
        });
      }),
  };
}

let folderOfDriver = '';
describeSourceConformance('file', {
  create: async (document) => {
    folderOfDriver = temporaryFolder();
    const path = join(folderOfDriver, 'policy.json');
    writeRested(path, JSON.stringify(document));
    return fileSource(path);
  },
  change: async (document) => writeRested(join(folderOfDriver, 'policy.json'), JSON.stringify(document)),
});

describe('a policy file', () => {
  test('is read again when it was written in place', async () => {
    const path = join(temporaryFolder(), 'policy.yaml');
    writeRested(path, allowing('a'));
    const { allows, next } = await watch(path);
    const changed = next('policy-activated');
    writeFileSync(path, allowing('b'));
    await changed;
    expect([allows('a'), allows('b')]).toEqual([false, true]);
  });

  test('is read again each time another file is renamed over it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'policy.yaml');
    writeRested(path, allowing('a'));
    const { allows, next } = await watch(path);
    for (const model of ['b', 'c']) {
      const changed = next('policy-activated');
      writeRested(join(folder, 'next'), allowing(model));
      renameSync(join(folder, 'next'), path);
      await changed;
      expect(allows(model)).toBe(true);
    }
  });

  test('is read again when the link to it is replaced', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'policy.yaml');
    for (const model of ['a', 'b']) writeRested(join(folder, `${model}.yaml`), allowing(model));
    symlinkSync('a.yaml', path);
    const { allows, next } = await watch(path);
    const changed = next('policy-activated');
    symlinkSync('b.yaml', join(folder, 'next'));
    renameSync(join(folder, 'next'), path);
    await changed;
    expect(allows('b')).toBe(true);
  });

  test('is read again when Kubernetes swaps the folder of a ConfigMap', async () => {
    const folder = temporaryFolder();
    for (const [version, model] of [
      ['..v1', 'a'],
      ['..v2', 'b'],
    ] as const) {
      mkdirSync(join(folder, version));
      writeRested(join(folder, version, 'policy.yaml'), allowing(model));
    }
    symlinkSync('..v1', join(folder, '..data'));
    symlinkSync('..data/policy.yaml', join(folder, 'policy.yaml'));
    const { allows, next } = await watch(join(folder, 'policy.yaml'));
    expect(allows('a')).toBe(true);
    const changed = next('policy-activated');
    symlinkSync('..v2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    rmSync(join(folder, '..v1'), { recursive: true });
    await changed;
    expect([allows('a'), allows('b')]).toEqual([false, true]);
  });

  test('that is broken keeps the last good policy, tells once, and is taken when it is mended', async () => {
    const path = join(temporaryFolder(), 'policy.yaml');
    writeRested(path, allowing('a'));
    const { cz, allows, next, events } = await watch(path);
    const refused = next('policy-refused');
    writeRested(path, allowing('b').replace('resource', 'resorce'));
    const event = await refused;
    expect(event).toMatchObject({
      error: { problems: [{ path: 'rules[0].resorce', suggestion: 'resource', line: 4, column: 5 }] },
    });
    expect(cz.status()).toMatchObject({ state: 'interrupted', usable: true, lastError: { kind: 'invalid_data' } });
    expect(allows('a')).toBe(true);
    await expect(cz.refresh()).rejects.toThrow(PolicyInvalidError);
    await expect(cz.refresh()).rejects.toThrow(PolicyInvalidError);
    await cz.flush();
    expect(events).toHaveLength(1);
    const mended = next('policy-activated');
    writeRested(path, allowing('b'));
    await mended;
    expect(cz.status()).toMatchObject({ state: 'ready', consecutiveFailures: 0, lastError: null });
    expect(allows('b')).toBe(true);
  });

  test('that is broken and put back is ready again without a new activation', async () => {
    const path = join(temporaryFolder(), 'policy.yaml');
    writeRested(path, allowing('a'));
    const { cz, events, next } = await watch(path);
    const refused = next('policy-refused');
    writeRested(path, 'rules: [');
    await refused;
    writeRested(path, allowing('a'));
    await cz.refresh();
    await cz.flush();
    expect(cz.status().state).toBe('ready');
    expect(events.map(({ type }) => type)).toEqual(['policy-refused']);
  });

  test('that is gone keeps the last good policy', async () => {
    const path = join(temporaryFolder(), 'policy.yaml');
    writeRested(path, allowing('a'));
    const { cz, allows, next } = await watch(path);
    const refused = next('policy-refused');
    rmSync(path);
    expect(await refused).toMatchObject({ error: expect.any(PolicyUnavailableError) as unknown });
    expect(allows('a')).toBe(true);
    expect(cz.status().lastError?.message).toContain(path);
  });

  test('that is written in two steps is never taken by half', async () => {
    const path = join(temporaryFolder(), 'policy.yaml');
    const deny = '  - deny: llm:generate\n    resource: model/b\n';
    const whole = allowing('a') + deny + '  - allow: llm:generate\n    resource: model/*\n';
    writeRested(path, whole);
    const { cz, events } = await watch(path);
    for (let round = 0; round < 3; round += 1) {
      truncateSync(path, 0);
      writeFileSync(path, allowing('a', '*'));
      const reading = cz.refresh();
      await new Promise((resolve) => setTimeout(resolve, 30));
      writeFileSync(path, `# ${round}\n${whole}`);
      await reading;
    }
    await cz.flush();
    expect(events.map((event) => event.policy?.rules)).toEqual([3, 3, 3]);
  });

  test.each<readonly [string, string | Uint8Array, string]>([
    ['broken.json', '{"rules": [\n  {"effect": "allow",}\n]}', '2:22 document: The text is not valid JSON.'],
    ['short.json', '{"rules": [', '1:12 document: The text is not valid JSON.'],
    [
      'wrong.json',
      '{"rules": [\n  {"effect": "allow", "action": "a",\n   "resorce": "b", "resource": "["}\n]}',
      '3:4 rules[0].resorce: Unknown key.',
    ],
    ['broken.yaml', "version: '1'\nrules: [", '2:9 document: '],
    ['twice.yaml', "version: '1'\nrules: []\nrules: []\n", '3:1 document: Map keys must be unique'],
    ['tag.yaml', 'rules: !custom []\n', '1:8 document: Unresolved tag'],
    ['two.yaml', 'rules: []\n---\nrules: []\n', 'document: '],
    ['number.yaml', '1: x\nrules: []\n', '1:1 ["1"]: Unknown key.'],
    ['empty.yaml', '', '1:1 document: Wrong type. Found null; accepted: an object.'],
    [
      'deep.yaml',
      "version: '1'\nrules:\n  - allow: a\n  - allow: [b, '[']\n",
      '4:16 rules[1].allow[1]: The set is not closed.',
    ],
    ['latin1.yaml', new Uint8Array([0x72, 0xe9]), '1:1 document: The file is not UTF-8 text.'],
  ])('%s is refused with line and column', async (name, text, expected) => {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, text);
    utimesSync(path, 1, 1);
    const error: unknown = await init({ policyFile: path }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PolicyInvalidError);
    expect((error as PolicyInvalidError).message).toContain(expected);
    expect((error as PolicyInvalidError).origin).toBe(path);
  });

  test('with aliases that grow without end is refused', async () => {
    const path = join(temporaryFolder(), 'bomb.yaml');
    const lines = Array.from(
      { length: 9 },
      (_, index) =>
        `k${index}: &k${index} [${Array.from({ length: 9 }, () => (index === 0 ? 'x' : `*k${index - 1}`)).join(', ')}]`,
    );
    writeRested(path, `${lines.join('\n')}\nrules: *k8\n`);
    await expect(init({ policyFile: path })).rejects.toThrow('The aliases do not resolve.');
  });

  test('may begin with a byte order mark', async () => {
    for (const [name, text] of [
      ['bom.json', '\uFEFF{"rules":[]}'],
      ['bom.yaml', '\uFEFFrules: []\n'],
    ] as const) {
      const path = join(temporaryFolder(), name);
      writeRested(path, text);
      const cz = await init({ policyFile: path });
      expect(cz.status().policy?.rules).toBe(0);
      await cz.close();
    }
  });

  test.each<readonly [string, (path: string) => void, string]>([
    ['absent', () => undefined, 'ENOENT'],
    ['a folder', (path) => mkdirSync(path), 'EISDIR'],
    ['larger than 16 MiB', (path) => writeRested(path, ' '.repeat(16 * 1024 * 1024 + 1)), 'at most 16777216 are read'],
  ])('that is %s cannot be read, and the message says what to check', async (_, make, expected) => {
    const path = join(temporaryFolder(), 'policy.yaml');
    make(path);
    const error: unknown = await init({ policyFile: path }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PolicyUnavailableError);
    expect((error as Error).message).toContain(expected);
    expect((error as Error).message).toContain('Check the path in policyFile or CONTROLZERO_POLICY_FILE.');
    expect((error as Error).cause).toBeInstanceOf(Error);
  });
});
