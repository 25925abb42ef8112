import { describe, expect, test } from 'vitest';

import type { PolicyDocument, PolicySource } from '../../src/index.ts';

/** What a source must be given for the suite. */
export interface SourceDriver {
  /** A source that holds this document. */
  create(document: PolicyDocument): Promise<PolicySource>;
  /** Changes what the source holds; left out for sources that cannot change. */
  change?(document: PolicyDocument): Promise<void>;
}

const read = async (source: PolicySource): ReturnType<PolicySource['read']> =>
  source.read({ signal: new AbortController().signal });

/** What every policy source must do, whatever it reads from. */
export function describeSourceConformance(name: string, driver: SourceDriver): void {
  const document: PolicyDocument = { name: 'one', rules: [{ effect: 'allow', action: 'a', resource: 'b' }] };

  describe(`${name} as a policy source`, () => {
    test('delivers the document as it stands', async () => {
      const snapshot = await read(await driver.create(document));
      expect((await snapshot.parse()).document).toEqual(document);
      expect(snapshot.origin).not.toBe('');
    });

    test('gives an unchanged document the same revision', async () => {
      const source = await driver.create(document);
      const [one, two] = [await read(source), await read(source)];
      expect(one.revision).toBe(two.revision);
      expect(one.revision).toMatch(/^[\da-f]{16}$/u);
    });

    test('can be read many times at once', async () => {
      const source = await driver.create(document);
      const snapshots = await Promise.all(Array.from({ length: 10 }, async () => read(source)));
      expect(new Set(snapshots.map(({ revision }) => revision)).size).toBe(1);
    });

    test('names its kind, and how often reading it makes sense', async () => {
      const source = await driver.create(document);
      expect(source.kind).toMatch(/^[a-z-]+$/u);
      expect(source.refreshIntervalMs).toBeGreaterThanOrEqual(0);
    });

    test.skipIf(driver.change === undefined)('gives a changed document another revision', async () => {
      const source = await driver.create(document);
      const before = await read(source);
      await driver.change?.({ ...document, name: 'two' });
      const after = await read(source);
      expect(after.revision).not.toBe(before.revision);
      expect((await after.parse()).document).toMatchObject({ name: 'two' });
      await driver.change?.(document);
      expect((await read(source)).revision).toBe(before.revision);
    });
  });
}
