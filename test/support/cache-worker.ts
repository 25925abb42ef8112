// A process that uses the cache on disk with others: `node cache-worker.ts read <folder> <times>`, or
// `node cache-worker.ts write <folder>`, which says when it has begun and ends when its input does.
import type { BundleRecord, RecordKey } from '../../src/hosted/bundle-record.ts';
import { decodeRecord, deriveRecordKey, encodeRecord } from '../../src/hosted/bundle-record.ts';
import { DiskCache } from '../../src/node/disk-cache.ts';

const [role = '', folder = '', times = '0'] = process.argv.slice(2);
let isEnding = false;
let warnings = 0;
const cache = new DiskCache({ folder, scope: 'shared', warn: () => (warnings += 1) });
const key = await deriveRecordKey('cz_test_key');
const LARGEST = 200_000;

function recordOf(version: number): BundleRecord {
  const mark = {
    projectId: 'p',
    environment: null,
    audience: null,
    epoch: 1,
    version,
    digest: '',
    createdAt: 0,
    revokedBefore: 0,
  };
  return {
    bundle: new Uint8Array(Math.ceil(Math.random() * LARGEST)).fill(version % 256),
    bootstrap: { projectId: 'p', projectKey: new Uint8Array(32), offeredKey: '' },
    trust: { kind: 'first-use', keys: [{ publicKey: 'a'.repeat(64), epoch: 1 }] },
    mark,
    etag: null,
    storedAt: 0,
  };
}

async function write(recordKey: RecordKey): Promise<object> {
  let writes = 0;
  process.stdin.resume().on('end', () => (isEnding = true));
  while (!isEnding) {
    // The clock stands for the control plane: all processes see the same versions, some late.
    const version = Date.now();
    const bytes = await encodeRecord(recordOf(version), recordKey);
    if (writes % 5 === 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    await cache.store({ epoch: 1, version, issuedAt: 0 }, bytes);
    writes += 1;
    if (writes === 1) process.stdout.write('begun\n');
  }
  return { writes, warnings };
}

async function read(recordKey: RecordKey): Promise<object> {
  let [reads, torn, regressions, newest] = [0, 0, 0, 0];
  while (reads < Number(times)) {
    const records = await cache.load();
    const decoded = await Promise.all(records.map(async (bytes) => decodeRecord(bytes, recordKey)));
    torn += decoded.filter((record) => record === undefined).length;
    const version = decoded[0]?.mark.version ?? 0;
    if (records.length > 0) reads += 1;
    if (version < newest) regressions += 1;
    newest = Math.max(newest, version);
  }
  return { reads, torn, regressions, warnings };
}

process.stdout.write(JSON.stringify(await (role === 'write' ? write(key) : read(key))));
