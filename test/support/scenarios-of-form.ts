import type { Scenario } from './bundle-scenario.ts';
import { A, firstUse, legacy, policyNamed, versioned } from './bundle-scenario.ts';
import type { NaiveHeader } from './naive-bundle.ts';
import { policiesDigest, storedFrame } from './naive-bundle.ts';

const trust = firstUse(A);
const one = (name: string, bundle: string, expect: string): Scenario => ({ name, trust, steps: [{ bundle, expect }] });
const withHeader = (header: Partial<NaiveHeader>): string => versioned({ bundle: { header } });
const withMetadata = (metadata: Readonly<Record<string, unknown>>): string => versioned({ metadata });
const packed = (bytes: Uint8Array): string => versioned({ bundle: { packed: bytes } });
const packedText = (text: string): string => packed(storedFrame(Buffer.from(text)));
const frame = storedFrame(Buffer.from('{}'));

// Blocks of one repeated byte: 33 MiB in about a kilobyte.
function repeatingFrame(mebibytes: number): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]);
  const blocks = Array.from({ length: mebibytes * 8 }, (_, at) => {
    const block = Buffer.alloc(4);
    block.writeUIntLE((0x2_00_00 << 3) | (1 << 1) | (at === mebibytes * 8 - 1 ? 1 : 0), 0, 3);
    return block;
  });
  return Buffer.concat([head, ...blocks]);
}

function cut(bundle: string, bytes: number): string {
  return Buffer.from(bundle, 'base64').subarray(0, bytes).toString('base64');
}

const required = ['project_id', 'bundle_epoch', 'issued_at', 'expires_at', 'key_id', 'policies_sha256', 'policy_count'];

/** Layout, limits, counts and required features. */
export const FORM_SCENARIOS: readonly Scenario[] = [
  one('nothing', '', 'invalid_data'),
  one('95 bytes', cut(versioned(), 95), 'invalid_data'),
  one('a web page', Buffer.from('<!doctype html>'.padEnd(200)).toString('base64'), 'invalid_data'),
  one('another magic', withHeader({ magic: 'CZ02' }), 'invalid_data'),
  one('the magic of secrets', withHeader({ magic: 'CZS1' }), 'invalid_data'),
  one('reserved bytes that are used', withHeader({ reserved: 1n }), 'invalid_data'),
  one('a newer format', withHeader({ schemaVersion: 2 }), 'unsupported'),
  one('version 0 of the format', withHeader({ schemaVersion: 0 }), 'unsupported'),
  one('a signature of another length', withHeader({ signatureLength: 32 }), 'invalid_data'),
  one('a signature within the header', withHeader({ signatureOffset: 31 }), 'invalid_data'),
  one('a signature that is not at the end', withHeader({ signatureOffset: 40 }), 'invalid_data'),
  one('a time out of range', withHeader({ createdAt: 2n ** 63n }), 'invalid_data'),
  one('a time that is no date', withHeader({ createdAt: 9_000_000_000_000n }), 'invalid_data'),
  one(
    'bytes after the signature',
    Buffer.concat([Buffer.from(versioned(), 'base64'), Buffer.of(0)]).toString('base64'),
    'invalid_data',
  ),
  {
    name: 'another key of the project',
    trust,
    steps: [{ bundle: versioned(), project_key: Buffer.alloc(32, 8).toString('base64'), expect: 'signature' }],
  },
  {
    name: 'a project key of 31 bytes',
    trust,
    steps: [{ bundle: versioned(), project_key: Buffer.alloc(31, 7).toString('base64'), expect: 'signature' }],
  },
  one('no zstd frame', packed(Buffer.from('{}')), 'invalid_data'),
  one('bytes after the frame', packed(Buffer.concat([frame, Buffer.of(0)])), 'invalid_data'),
  one('two frames', packed(Buffer.concat([frame, frame])), 'invalid_data'),
  one('a frame that is cut short', packed(frame.subarray(0, -1)), 'invalid_data'),
  one('a frame that unpacks to 33 MiB', packed(repeatingFrame(33)), 'too_large'),
  one(
    'a frame that asks for gigabytes',
    packed(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 1, 0, 0])),
    'too_large',
  ),
  one('no JSON', packedText('{'), 'invalid_data'),
  one('JSON that is no object', packedText('[]'), 'invalid_data'),
  one('a byte order mark', packedText('\uFEFF{}'), 'invalid_data'),
  one(
    'text that is no UTF-8',
    packed(storedFrame(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))),
    'invalid_data',
  ),
  one('JSON nested 65 deep', packedText(`{"a":${'['.repeat(64)}${']'.repeat(64)}}`), 'invalid_data'),
  one('JSON nested a million deep', packedText(`{"a":${'['.repeat(1_000)}`), 'invalid_data'),
  one('brackets within a text', versioned({ payload: { comment: '['.repeat(100) } }), 'accepted'),
  one('no policies', versioned({ payload: { policies: undefined } }), 'invalid_data'),
  one('policies that are no list', versioned({ payload: { policies: {} } }), 'invalid_data'),
  one('a policy that is no object', versioned({ policies: [null as unknown as object] }), 'invalid_data'),
  one('a policy without rules', versioned({ policies: [{ name: 'x' }] }), 'invalid_data'),
  one('a rule that is no object', versioned({ policies: [{ name: 'x', rules: ['allow'] }] }), 'invalid_data'),
  one(
    'an enabled flag that is no boolean',
    versioned({ policies: [{ name: 'x', is_enabled: 'no', rules: [] }] }),
    'invalid_data',
  ),
  one(
    'a priority that is no number',
    versioned({ policies: [{ name: 'x', priority: 'high', rules: [] }] }),
    'invalid_data',
  ),
  one(
    'a malformed pattern',
    versioned({ policies: [{ name: 'x', rules: [{ effect: 'deny', actions: ['a'], resources: ['model/['] }] }] }),
    'invalid_data',
  ),
  one(
    'a malformed pattern in a rule that is out of force',
    versioned({ policies: [{ name: 'x', rules: [{ effect: 'allow', actions: ['['], geo: 'eu' }] }] }),
    'invalid_data',
  ),
  one(
    'a reserved name as a condition',
    versioned({
      policies: [{ name: 'x', rules: [{ effect: 'deny', actions: ['a'], conditions: { constructor: 'x' } }] }],
    }),
    'invalid_data',
  ),
  one('a list that was stripped', versioned({ payload: { policies: [] } }), 'invalid_data'),
  one('a policy that was swapped', versioned({ payload: { policies: [policyNamed('gpt-4o')] } }), 'invalid_data'),
  one('a count in the header that differs', withHeader({ count: 2 }), 'invalid_data'),
  one('a count in the metadata that differs', withMetadata({ policy_count: 2 }), 'invalid_data'),
  one('a digest of the policies that differs', withMetadata({ policies_sha256: policiesDigest([]) }), 'invalid_data'),
  one('an active count that differs', withMetadata({ active_policy_count: 2 }), 'invalid_data'),
  one('legacy: a list that was stripped', legacy({ payload: { policies: [] } }), 'invalid_data'),
  one('legacy: an empty project', legacy({ policies: [] }), 'accepted'),
  one('legacy: a count that is none', legacy({ metadata: { active_policy_count: '1' } }), 'accepted'),
  one('legacy: no metadata at all', legacy({ payload: { metadata: null } }), 'accepted'),
  ...required.map((key) => one(`a version without ${key}`, withMetadata({ [key]: undefined }), 'invalid_data')),
  one('an epoch without a version', withMetadata({ bundle_version: undefined }), 'invalid_data'),
  one('a version that is a text', withMetadata({ bundle_version: '1' }), 'invalid_data'),
  one('a version that is a fraction', withMetadata({ bundle_version: 1.5 }), 'invalid_data'),
  one('a version below zero', withMetadata({ bundle_version: -1 }), 'invalid_data'),
  one('a time that is a text', withMetadata({ issued_at: '2026-01-01' }), 'invalid_data'),
  one('metadata that is a list', versioned({ payload: { metadata: [] } }), 'invalid_data'),
  one('a known critical feature', withMetadata({ critical: ['conditions'] }), 'accepted'),
  one('an unknown critical feature', withMetadata({ critical: ['conditions', 'quotas'] }), 'unsupported'),
  one('critical features that are no list', withMetadata({ critical: 'quotas' }), 'invalid_data'),
  one('an older version of the protocol is enough', withMetadata({ min_sdk_version: '0.9.9' }), 'accepted'),
  one('this version of the protocol is enough', withMetadata({ min_sdk_version: 'v1.0.0' }), 'accepted'),
  one('a candidate of this version is enough', withMetadata({ min_sdk_version: '1.0.0rc1' }), 'accepted'),
  one('a newer version of the protocol is needed', withMetadata({ min_sdk_version: '1.0.1' }), 'unsupported'),
  one('a candidate of a newer version is needed', withMetadata({ min_sdk_version: '1.0.1a1' }), 'unsupported'),
  one('a fourth number is needed', withMetadata({ min_sdk_version: '1.0.0.1' }), 'unsupported'),
  one('a version that is none is needed', withMetadata({ min_sdk_version: 'latest' }), 'unsupported'),
  one('a newer version is recommended', withMetadata({ recommended_sdk_version: '9.0.0' }), 'accepted'),
  one('a newer payload', versioned({ payload: { schema_version: '2.0' } }), 'unsupported'),
  one('a later payload of the same kind', versioned({ payload: { schema_version: '1.9' } }), 'accepted'),
  one('an unknown key beside the policies', versioned({ payload: { something: 'new' } }), 'accepted'),
];
