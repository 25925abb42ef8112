import type { Condition, Policy, PolicyDocument, Rule } from '../policy/types.ts';
import { jsonDigest } from './canonical-json.ts';
import type { JsonObject } from './json-payload.ts';
import { keyIdOf } from './public-key.ts';

/** What the server says about one publication. Times are seconds since the epoch. */
export interface Publication {
  readonly projectId: string;
  readonly environment?: string;
  readonly audience?: string;
  readonly epoch: number;
  readonly version: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly refreshAfter?: number;
  /** 64 hexadecimal digits: the key that is going to sign. */
  readonly publicKey: string;
  readonly revokedBefore?: number;
  readonly critical?: readonly string[];
  readonly minSdkVersion?: string;
}

/** One rule on the wire. */
interface WireRule {
  readonly id?: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources?: readonly string[];
  readonly conditions?: Readonly<Record<string, Condition>>;
  readonly [key: string]: unknown;
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

function effectOf(rule: Rule): string {
  if (rule.effect !== undefined) return rule.effect;
  return rule.allow === undefined ? 'deny' : 'allow';
}

const COPIED = ['name', 'description', 'reason', 'reason_code', 'reason_localized', 'escalate_on_deny'] as const;

function actionsOf(rule: Rule): readonly string[] {
  return listOf(rule.allow ?? rule.deny ?? rule.action ?? rule.actions ?? []);
}

function wireRule(rule: Rule, index: number): WireRule {
  const resources = rule.resource ?? rule.resources;
  const conditions = rule.conditions ?? rule.when;
  return {
    // Written out, because a policy may be edited between two publications and its rules move.
    id: rule.id ?? rule.name ?? `rule-${index}`,
    effect: effectOf(rule),
    actions: actionsOf(rule),
    ...(resources !== undefined && { resources: listOf(resources) }),
    ...(conditions !== undefined && { conditions }),
    ...Object.fromEntries(COPIED.flatMap((key) => (rule[key] === undefined ? [] : [[key, rule[key]]]))),
  };
}

function wirePolicy(policy: Policy, index: number): object {
  const name = policy.name ?? `policy-${index}`;
  const defaultAction = policy.default_action ?? policy.settings?.['default_action'];
  return {
    id: name,
    name,
    is_enabled: true,
    ...(policy.priority !== undefined && { priority: policy.priority }),
    ...(defaultAction !== undefined && { default_action: defaultAction }),
    // Without a version, an action such as "database" means itself, and not every method of a tool.
    ...(policy.version === undefined && { dialect: 'exact' }),
    rules: policy.rules.map(wireRule),
  };
}

/** The policies of a document as they stand in a bundle. The document has to be a valid one. */
export function wirePolicies(document: PolicyDocument): readonly object[] {
  if (Array.isArray(document)) return (document as readonly Policy[]).map(wirePolicy);
  return 'policies' in document ? document.policies.map(wirePolicy) : [wirePolicy(document as Policy, 0)];
}

/**
 * The payload of a bundle with complete metadata, so that replay, freeze and mix-ups are recognised.
 * Times go out in seconds.
 */
export async function bundlePayload(policies: readonly object[], publication: Publication): Promise<object> {
  const { projectId, issuedAt, publicKey } = publication;
  // What JSON makes of the policies is what a reader sees, and what the digest has to be of.
  const written = JSON.parse(JSON.stringify(policies)) as readonly JsonObject[];
  const active = written.filter((policy) => policy['is_enabled'] !== false && policy['enabled'] !== false);
  return {
    schema_version: '1.1',
    project_id: projectId,
    created_at: new Date(issuedAt * 1000).toISOString(),
    metadata: {
      project_id: projectId,
      environment: publication.environment,
      audience: publication.audience,
      bundle_epoch: publication.epoch,
      bundle_version: publication.version,
      issued_at: issuedAt,
      expires_at: publication.expiresAt,
      refresh_after: publication.refreshAfter,
      key_id: await keyIdOf(publicKey),
      policies_sha256: await jsonDigest(written),
      policy_count: written.length,
      active_policy_count: active.length,
      revoked_before: publication.revokedBefore,
      critical: publication.critical,
      min_sdk_version: publication.minSdkVersion,
    },
    policies: written,
  };
}
