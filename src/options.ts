import { ConfigurationError } from './errors.ts';
import type { Mode, TraceContext } from './events/decision-event.ts';
import type { Logger } from './logger.ts';
import { defaultLogger } from './logger.ts';
import type { OptionKind } from './option-kinds.ts';
import * as kinds from './option-kinds.ts';
import { describeFound, suggest } from './policy/problem.ts';
import type { PolicyDocument } from './policy/types.ts';
import type { RecordSink, WriteRecords } from './records/record-sink.ts';
import type { SecretsSource } from './secrets/secrets-source.ts';
import type { PolicySource } from './sources/source.ts';

/**
 * Options of a client. Each falls back to its environment variable, then to its default.
 *
 * Which policy applies: `policy`, `policyFile` or `source` (one of them) > the API key >
 * `CONTROLZERO_POLICY_FILE` > `controlzero.yaml`, `.yml` or `.json` in the working folder > none, which
 * denies everything.
 */
export interface ControlZeroOptions {
  /** A policy given in code. */
  readonly policy?: PolicyDocument;
  /** A policy in a JSON or YAML file. Environment: `CONTROLZERO_POLICY_FILE`. */
  readonly policyFile?: string;
  /** A policy source of your own. */
  readonly source?: PolicySource;
  /** Project key of the control plane. Environment: `CONTROLZERO_API_KEY`. */
  readonly apiKey?: string;
  /** Environment: `CONTROLZERO_PROJECT_ID`. */
  readonly projectId?: string;
  /** Environment: `CONTROLZERO_BASE_URL` or `CONTROLZERO_API_URL`. Default: `https://api.controlzero.ai`. */
  readonly baseUrl?: string;
  /** Environment: `CONTROLZERO_CACHE_DIR`. Default: `~/.controlzero/cache`. */
  readonly cacheDir?: string;
  /**
   * Seconds between two looks at the source; 0 = only on `refresh()`. Environment:
   * `CONTROLZERO_REFRESH_INTERVAL`. Default: 2 for a file, 60 for the control plane.
   */
  readonly refreshInterval?: number;
  /**
   * Whether decisions are sent to the control plane that the policy comes from. Environment:
   * `CONTROLZERO_LOG_DECISIONS`. Default: true.
   */
  readonly logDecisions?: boolean;
  /**
   * Where else a record of each decision goes: `recordFile()` of `@controlzero/sdk/node`, a function, or
   * several. Default: nowhere.
   */
  readonly records?: RecordSink | WriteRecords | readonly (RecordSink | WriteRecords)[];
  /**
   * Attributes of the context that are put into records besides the agent, by their names, so that a
   * replay can answer for conditions on them. Default: none.
   */
  readonly recordContext?: readonly string[];
  /**
   * With `required`, a call whose decision no sink takes is denied, as `AUDIT_UNAVAILABLE`. Environment:
   * `CONTROLZERO_AUDIT`. Default: `best-effort`.
   */
  readonly audit?: AuditMode;
  /** Allow calls while no policy is active. Environment: `CONTROLZERO_FAIL_OPEN`. Default: false. */
  readonly failOpen?: boolean;
  /**
   * What becomes of calls when the signed policy is past its time: all denied, or decided by it all the
   * same. Environment: `CONTROLZERO_ON_EXPIRED`. Default: `deny`.
   */
  readonly onExpired?: OnExpired;
  /**
   * Whether the control plane is listened to for news of a policy, besides being asked at the interval.
   * Node only. Environment: `CONTROLZERO_HINTS`. Default: true.
   */
  readonly hints?: boolean;
  /**
   * Signing keys of the control plane that are trusted, each of 64 hexadecimal digits, and no others.
   * Environment: `CONTROLZERO_TRUSTED_KEYS`, with commas between them. Default: as `keyTrust` says.
   */
  readonly trustedKeys?: readonly string[];
  /**
   * How a signing key comes to be trusted when none is named: `first-use` remembers the first one and
   * takes another only when the first one has signed it; `legacy` takes whatever key the control plane
   * gives. Environment: `CONTROLZERO_KEY_TRUST`. Default: `first-use`.
   */
  readonly keyTrust?: KeyTrustMode;
  /**
   * The lowest version of a hosted policy to accept: holds on a machine without memory as well.
   * Environment: `CONTROLZERO_MIN_BUNDLE_VERSION`. Default: none.
   */
  readonly minBundleVersion?: number;
  /** Whether the secrets vault is used. Environment: `CONTROLZERO_SECRETS_ENABLED`. Default: false. */
  readonly secretsEnabled?: boolean;
  /**
   * Names of the secrets to fetch where the control plane hands them out one by one. One that seals all
   * of them in one envelope is not told. Default: none.
   */
  readonly secrets?: readonly string[];
  /** A source of secrets of your own. */
  readonly secretsSource?: SecretsSource;
  /**
   * An encrypted file with secrets, made by `createVault()` of `@controlzero/sdk/node`. Environment:
   * `CONTROLZERO_VAULT_FILE`, which loses to an API key. Default without one: `controlzero.vault`.
   */
  readonly vaultFile?: string;
  /**
   * The key of the vault file, unless `CONTROLZERO_VAULT_KEY` holds it. Environment:
   * `CONTROLZERO_VAULT_KEY_FILE`. Default: the name of the vault with `.key` behind it.
   */
  readonly vaultKeyFile?: string;
  /**
   * Seconds for which secrets are used while their source cannot be read. A refused API key drops them
   * at once. Environment: `CONTROLZERO_SECRET_TTL`. Default: 3600.
   */
  readonly secretTtl?: number;
  /** `shadow` decides and reports, and never throws. Default: `enforce`. */
  readonly mode?: Mode;
  /** The agent of every call that names no other. */
  readonly agentId?: string;
  /**
   * Gives the ids of the trace that is active while a decision is made, for its event and record. What
   * it throws goes to the logger. Default: none.
   */
  readonly traceContext?: () => TraceContext | undefined;
  /** Where warnings and errors go. Default: process warnings. */
  readonly logger?: Logger;
}

/** How the signing keys of a control plane come to be trusted when none are named. */
export type KeyTrustMode = 'first-use' | 'legacy';

/** Whether a decision that cannot be recorded is a denial. */
export type AuditMode = 'best-effort' | 'required';

/** What becomes of calls when the policy is past its time. */
export type OnExpired = 'deny' | 'keep';

/** Options, checked, with environment and defaults filled in. */
export interface ResolvedOptions {
  readonly policy: PolicyDocument | undefined;
  readonly policyFile: string | undefined;
  readonly source: PolicySource | undefined;
  /** The file that only the environment names; it loses to an API key. */
  readonly environmentPolicyFile: string | undefined;
  readonly apiKey: string | undefined;
  readonly projectId: string | undefined;
  readonly baseUrl: string;
  readonly cacheDir: string;
  /** Undefined: as often as the source finds sensible. */
  readonly refreshIntervalMs: number | undefined;
  readonly logDecisions: boolean;
  readonly records: readonly (RecordSink | WriteRecords)[];
  readonly recordContext: readonly string[];
  readonly audit: AuditMode;
  readonly failOpen: boolean;
  readonly onExpired: OnExpired;
  readonly hints: boolean;
  readonly trustedKeys: readonly string[];
  readonly keyTrust: KeyTrustMode;
  readonly minBundleVersion: number | undefined;
  readonly secretsEnabled: boolean;
  readonly secrets: readonly string[];
  readonly secretsSource: SecretsSource | undefined;
  readonly vaultFile: string | undefined;
  readonly vaultKeyFile: string | undefined;
  readonly secretTtlMs: number;
  readonly mode: Mode;
  readonly agentId: string | undefined;
  readonly traceContext: (() => TraceContext | undefined) | undefined;
  readonly logger: Logger;
}

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_BASE_URL = 'https://api.controlzero.ai';
const DEFAULT_CACHE_DIR = '~/.controlzero/cache';
const SECRET_TTL_SECONDS = 3600;
const LOCAL_POLICIES = ['policy', 'policyFile', 'source'] as const;

interface OptionSource<Value> {
  readonly kind: OptionKind<Value>;
  /** Environment variables, the stronger name first. */
  readonly variables: readonly string[];
}

function from<Value>(kind: OptionKind<Value>, ...variables: readonly string[]): OptionSource<Value> {
  return { kind, variables };
}

const OPTIONS: { readonly [Key in keyof ControlZeroOptions]-?: OptionSource<NonNullable<ControlZeroOptions[Key]>> } = {
  policy: from(kinds.DOCUMENT),
  policyFile: from(kinds.TEXT, 'CONTROLZERO_POLICY_FILE'),
  source: from(kinds.SOURCE),
  apiKey: from(kinds.TEXT, 'CONTROLZERO_API_KEY'),
  projectId: from(kinds.TEXT, 'CONTROLZERO_PROJECT_ID'),
  baseUrl: from(kinds.TEXT, 'CONTROLZERO_BASE_URL', 'CONTROLZERO_API_URL'),
  cacheDir: from(kinds.TEXT, 'CONTROLZERO_CACHE_DIR'),
  refreshInterval: from(kinds.SECONDS, 'CONTROLZERO_REFRESH_INTERVAL'),
  logDecisions: from(kinds.FLAG, 'CONTROLZERO_LOG_DECISIONS'),
  records: from(kinds.SINKS),
  recordContext: from(kinds.NAMES),
  audit: from(kinds.oneOf('best-effort', 'required'), 'CONTROLZERO_AUDIT'),
  failOpen: from(kinds.FLAG, 'CONTROLZERO_FAIL_OPEN'),
  onExpired: from(kinds.oneOf('deny', 'keep'), 'CONTROLZERO_ON_EXPIRED'),
  hints: from(kinds.FLAG, 'CONTROLZERO_HINTS'),
  trustedKeys: from(kinds.KEYS, 'CONTROLZERO_TRUSTED_KEYS'),
  keyTrust: from(kinds.oneOf('first-use', 'legacy'), 'CONTROLZERO_KEY_TRUST'),
  minBundleVersion: from(kinds.COUNT, 'CONTROLZERO_MIN_BUNDLE_VERSION'),
  secretsEnabled: from(kinds.FLAG, 'CONTROLZERO_SECRETS_ENABLED'),
  secrets: from(kinds.NAMES),
  secretsSource: from(kinds.SOURCE),
  vaultFile: from(kinds.TEXT, 'CONTROLZERO_VAULT_FILE'),
  vaultKeyFile: from(kinds.TEXT, 'CONTROLZERO_VAULT_KEY_FILE'),
  secretTtl: from(kinds.SECONDS, 'CONTROLZERO_SECRET_TTL'),
  mode: from(kinds.oneOf('enforce', 'shadow')),
  agentId: from(kinds.TEXT),
  traceContext: from(kinds.FUNCTION),
  logger: from(kinds.LOGGER),
};

function fail(message: string): never {
  throw new ConfigurationError(message);
}

function checkKeys(options: object): void {
  const known = Object.keys(OPTIONS);
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const nearest = suggest(key, known);
    fail(
      `Unknown option "${key}". ${nearest === undefined ? `Options are ${known.join(', ')}.` : `Did you mean "${nearest}"?`}`,
    );
  }
}

// Secrets pass through here, so a wrong value is described by its kind and never shown.
function checkValues(options: ControlZeroOptions): void {
  for (const [key, { kind }] of Object.entries(OPTIONS)) {
    const value: unknown = Reflect.get(options, key);
    if (value !== undefined && !kind.accepts(value)) {
      const found = typeof value === 'string' ? 'a text' : describeFound(value);
      fail(`Option "${key}" takes ${kind.accepted}; it got ${found}.`);
    }
  }
  const local = LOCAL_POLICIES.filter((key) => options[key] !== undefined);
  if (local.length > 1)
    fail(`Options ${local.map((key) => `"${key}"`).join(' and ')} both name a policy; give one of them.`);
}

function fromEnvironment<Value>({ kind, variables }: OptionSource<Value>, environment: Environment): Value | undefined {
  for (const variable of variables) {
    const text = environment[variable]?.trim();
    if (text === undefined || text === '') continue;
    const value = kind.read?.(text);
    if (value === undefined) fail(`Environment variable ${variable} takes ${kind.accepted}.`);
    return value;
  }
  return undefined;
}

/** The environment of the process; empty on runtimes without one. */
function processEnvironment(): Environment {
  const { process } = globalThis as { readonly process?: { readonly env?: Environment } };
  return process?.env ?? {};
}

function checkOptions(options: ControlZeroOptions): void {
  if (typeof options !== 'object' || options === null) fail('Options are an object.');
  checkKeys(options);
  checkValues(options);
}

type Hosted = Pick<
  ResolvedOptions,
  'apiKey' | 'projectId' | 'baseUrl' | 'cacheDir' | 'trustedKeys' | 'keyTrust' | 'minBundleVersion'
>;

// What an option says, or else its environment variable.
function reader(options: ControlZeroOptions, environment: Environment): OptionReader {
  return (key) => options[key] ?? fromEnvironment(OPTIONS[key] as OptionSource<never>, environment);
}

type OptionReader = <Key extends keyof ControlZeroOptions>(
  key: Key,
) => NonNullable<ControlZeroOptions[Key]> | undefined;

function resolveHosted(read: OptionReader): Hosted {
  return {
    apiKey: read('apiKey'),
    projectId: read('projectId'),
    baseUrl: read('baseUrl') ?? DEFAULT_BASE_URL,
    cacheDir: read('cacheDir') ?? DEFAULT_CACHE_DIR,
    trustedKeys: read('trustedKeys') ?? [],
    keyTrust: read('keyTrust') ?? 'first-use',
    minBundleVersion: read('minBundleVersion'),
  };
}

type Flags = Pick<ResolvedOptions, 'failOpen' | 'onExpired' | 'hints' | 'secretsEnabled'>;

function resolveFlags(read: OptionReader): Flags {
  return {
    failOpen: read('failOpen') ?? false,
    onExpired: read('onExpired') ?? 'deny',
    hints: read('hints') ?? true,
    secretsEnabled: read('secretsEnabled') ?? false,
  };
}

type Audit = Pick<ResolvedOptions, 'logDecisions' | 'records' | 'recordContext' | 'audit'>;

function resolveAudit(read: OptionReader): Audit {
  const logDecisions = read('logDecisions') ?? true;
  const audit = read('audit') ?? 'best-effort';
  const given = read('records') ?? [];
  const records = Array.isArray(given) ? (given as Audit['records']) : [given as RecordSink];
  if (audit === 'required' && !logDecisions && records.length === 0)
    fail('Option "audit" is "required", "logDecisions" is false and "records" has no sink: nothing could be allowed.');
  return { logDecisions, records, recordContext: read('recordContext') ?? [], audit };
}

/**
 * Checks options and fills in environment and defaults, once.
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` for an unknown option or a value of the wrong kind; never for a missing key
 */
export function resolveOptions(
  options: ControlZeroOptions = {},
  environment: Environment = processEnvironment(),
): ResolvedOptions {
  checkOptions(options);
  const read = reader(options, environment);
  const seconds = read('refreshInterval');
  return {
    policy: options.policy,
    policyFile: options.policyFile,
    source: options.source,
    environmentPolicyFile: fromEnvironment(OPTIONS.policyFile, environment),
    ...resolveHosted(read),
    refreshIntervalMs: seconds === undefined ? undefined : seconds * 1000,
    ...resolveFlags(read),
    ...resolveAudit(read),
    secrets: options.secrets ?? [],
    secretsSource: options.secretsSource,
    vaultFile: options.vaultFile,
    vaultKeyFile: options.vaultKeyFile,
    secretTtlMs: (read('secretTtl') ?? SECRET_TTL_SECONDS) * 1000,
    mode: options.mode ?? 'enforce',
    agentId: options.agentId,
    traceContext: options.traceContext,
    logger: options.logger ?? defaultLogger,
  };
}
