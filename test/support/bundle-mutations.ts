import { DAY, NOW } from './bundle-scenario.ts';
import { policiesDigest } from './naive-bundle.ts';
import type { NaiveHeader } from './naive-bundle.ts';
import type { Random } from './random.ts';

type Node = unknown[] | Record<string, unknown>;

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** Payloads to start from: every form of a rule, and everything a server may say. */
const SEEDS: readonly object[] = [
  {
    schema_version: '1.1',
    project_id: 'proj_1',
    default_action: 'deny',
    metadata: {},
    policies: [
      {
        id: 'p1',
        name: 'models',
        is_enabled: true,
        priority: 10,
        rules: [
          { id: 'r1', effect: 'deny', actions: ['llm.generate'], resources: ['model/gpt-4-turbo*'], reason: 'dear' },
          {
            id: 'r2',
            effect: 'allow',
            actions: ['llm.generate'],
            resources: ['model/gpt-4*'],
            conditions: { agent_id: 'premium-*' },
          },
          {
            id: 'r3',
            effect: 'warn',
            tool: 'llm',
            resource: 'model/gpt-3.5-turbo',
            when: { agent_id: ['basic', 'premium-*'] },
          },
          { effect: 'allow', match: { tool: 'embedding', resource: 'model/*' }, escalate_on_deny: 1 },
        ],
      },
      {
        name: 'later',
        priority: 20,
        dialect: 'exact',
        rules: [{ effect: 'allow', actions: ['*'], resources: ['model/o1'] }],
      },
    ],
  },
  {
    schema_version: '1.0',
    metadata: { active_policy_count: 1 },
    policies: [
      { id: 'p2', rules: [{ action: 'deny', pattern: 'database', enabled: true }] },
      {
        id: 'p3',
        enabled: true,
        default_action: 'warn',
        rules: [{ effect: 'audit', action: 'llm:generate', clients: ['node-sdk'], projects: ['proj_1'] }],
      },
    ],
    dlp_rules: [],
  },
  { metadata: {}, policies: [], default_on_empty: 'observe' },
];

/** The metadata that fits the policies, as a server with the newest version writes it. */
function freshMetadata(policies: unknown, keyId: string): Record<string, unknown> {
  return {
    project_id: 'proj_1',
    environment: 'prod',
    audience: 'api',
    bundle_epoch: 1,
    bundle_version: 6,
    issued_at: NOW,
    expires_at: NOW + DAY,
    key_id: keyId,
    policies_sha256: policiesDigest(policies),
    policy_count: Array.isArray(policies) ? policies.length : 0,
  };
}

// Texts that are patterns, names, effects and numbers all at once, so that they meet in every place.
const TEXTS =
  'allow deny warn audit permit * model/gpt-4 model/* model:o1 llm.generate llm:generate llm llm.* database model/[ !x a,b 1.0 1.7 2.0 0.9.0 1.0.1-rc proj_1 proj_2 prod dev api premium-* basic node-sdk cursor exact observe conditions 2026-01-01'.split(
    ' ',
  );

const VALUES: readonly unknown[] = [
  ...TEXTS,
  ...TEXTS.map((text) => [text]),
  '',
  'a b',
  null,
  true,
  false,
  0,
  1,
  2,
  5,
  6,
  7,
  -1,
  1.5,
  100,
  NOW,
  NOW + 400,
  NOW - 2 * DAY,
  NOW + DAY,
  Number.MAX_SAFE_INTEGER,
  1e300,
  [],
  {},
  [null],
  [1],
  [[]],
  ['model/gpt-4', 'model/o1'],
  ['llm.generate', 'embedding.generate'],
  ['a', 1],
  [{}],
  { tool: 'llm' },
  { action: 'llm.generate' },
  { tool: 'llm', action: 'llm.generate' },
  { resource: 'model/*', tool: null },
  { geo: 'eu' },
  { agent_id: 'premium-*' },
  { agent_id: 'basic' },
  { agent_id: { not: 'basic' } },
  { agent_id: [] },
  { agent_id: true, level: 1 },
  { agent_id: 'model/[' },
  { constructor: 'x' },
  { '': 'x' },
  { en: 'text' },
  { en: 1 },
  { effect: 'allow', actions: ['*'] },
  { rules: [] },
  { rules: [{ effect: 'allow', actions: ['llm.generate'] }] },
];

const KEYS = [
  ...'id name description comment effect action actions tool pattern match resource resources conditions when'.split(
    ' ',
  ),
  ...'enabled is_enabled clients projects reason reason_code reason_localized escalate_on_deny created_at'.split(' '),
  ...'priority rules default_action default_on_empty dialect version schema_version policies metadata dlp_rules'.split(
    ' ',
  ),
  ...'project_id environment audience bundle_epoch bundle_version issued_at expires_at refresh_after key_id'.split(' '),
  ...'policies_sha256 policy_count active_policy_count revoked_before critical min_sdk_version'.split(' '),
  ...'geo models agent_id extra __proto__ constructor'.split(' '),
];

function nodesOf(root: Node): Node[] {
  const nodes: Node[] = [root];
  for (const node of nodes) nodes.push(...Object.values(node).filter(isNode));
  return nodes;
}

function set(node: Node, key: string, value: unknown): void {
  Object.defineProperty(node, key, { value, enumerable: true, writable: true, configurable: true });
}

const copyOf = (value: unknown): unknown =>
  value === undefined ? null : (JSON.parse(JSON.stringify(value)) as unknown);

function mutateList(list: unknown[], random: Random): void {
  const at = random.below(list.length + 1);
  const choice = random.below(4);
  if (choice === 0) list.splice(at, 1);
  else if (choice === 1) list.splice(at, 0, copyOf(list[at] ?? random.pick(VALUES)));
  else if (choice === 2) list.splice(at, 0, copyOf(random.pick(VALUES)));
  else list.reverse();
}

function mutateObject(object: Record<string, unknown>, random: Random): void {
  const keys = Object.keys(object);
  const key = keys.length > 0 ? random.pick(keys) : 'extra';
  const choice = random.below(5);
  if (choice === 0) delete object[key];
  else if (choice === 1) set(object, random.pick(KEYS), copyOf(random.pick(VALUES)));
  else if (choice === 2) set(object, random.pick(KEYS), copyOf(object[key]));
  else set(object, key, copyOf(random.pick(VALUES)));
}

function mutateOnce(root: Node, random: Random): void {
  const node = random.pick(nodesOf(root));
  if (Array.isArray(node)) mutateList(node, random);
  else mutateObject(node, random);
}

/** A payload with a few changes of its structure; most of them with metadata that fits it again. */
export function mutatedPayload(random: Random, keyId: string): unknown {
  const payload = copyOf(random.pick(SEEDS)) as Record<string, unknown>;
  for (let left = random.below(4); left > 0; left -= 1) mutateOnce(payload, random);
  const { metadata, policies } = payload;
  const fresh = freshMetadata(policies ?? null, keyId);
  if (typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata))
    Object.assign(metadata, { ...fresh, ...metadata });
  if (random.oneIn(3))
    mutateOnce(random.oneIn(2) && isNode(payload['metadata']) ? payload['metadata'] : payload, random);
  if (random.oneIn(200)) return random.pick(VALUES);
  return payload;
}

/** What a header says other than it should; most often nothing. */
export function mutatedHeader(random: Random): Partial<NaiveHeader> {
  if (!random.oneIn(8)) return {};
  return random.pick<Partial<NaiveHeader>>([
    { magic: random.pick(['CZ02', 'CZS1', 'PK\u0003\u0004']) },
    { schemaVersion: random.pick([0, 2, 256, 0xff_ff]) },
    {
      createdAt: random.pick([0n, BigInt(NOW - DAY), BigInt(NOW + 300), BigInt(NOW + 301), 2n ** 53n, 2n ** 64n - 1n]),
    },
    { count: random.pick([0, 1, 2, 3, 0xff_ff]) },
    { signatureOffset: random.pick([0, 31, 32, 33, 0xff_ff_ff_ff]) },
    { signatureLength: random.pick([0, 63, 65, 0xff_ff_ff_ff]) },
    { reserved: random.pick([1n, 2n ** 63n]) },
  ]);
}
