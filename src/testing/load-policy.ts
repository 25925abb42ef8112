import { ControlZero } from '../client.ts';
import type { ParsedPolicy } from '../policy/parsed-policy.ts';
import type { Locate } from '../policy/parse.ts';
import { parsePolicy } from '../policy/parse.ts';
import type { PathStep } from '../policy/problem.ts';
import type { Policy, PolicyDocument } from '../policy/types.ts';
import { inlineSource } from '../sources/inline.ts';
import type { PolicySource } from '../sources/source.ts';

/** What is looked into: a policy document, or where one comes from. */
export type PolicyInput = PolicyDocument | PolicySource;

/** A policy that was read and checked. */
export interface LoadedPolicy {
  readonly origin: string;
  readonly revision: string;
  /** In the order they apply. */
  readonly policies: readonly ParsedPolicy[];
  /** A client that decides with it. */
  readonly cz: ControlZero;
  /** The path of a rule in the document, by its place in the order of the walk. */
  readonly stepsOf: (policy: number, rule: number) => readonly PathStep[];
  /** Finds a place in the text, where there is one. */
  readonly locate: Locate;
}

function isSource(input: PolicyInput): input is PolicySource {
  return 'read' in input && typeof input.read === 'function';
}

function stepsIn(document: PolicyDocument): LoadedPolicy['stepsOf'] {
  const isSet = !Array.isArray(document) && 'policies' in document;
  const policies = (isSet ? document.policies : document) as Policy | readonly Policy[];
  if (!Array.isArray(policies)) return (_, rule) => ['rules', rule];
  const list = policies as readonly Policy[];
  const prefix: readonly PathStep[] = isSet ? ['policies'] : [];
  const order = list
    .map(({ priority = 100 }, index) => ({ priority, index }))
    .toSorted((a, b) => a.priority - b.priority);
  return (policy, rule) => [...prefix, order[policy]?.index ?? 0, 'rules', rule];
}

/**
 * Reads a policy once, for tools that look into it.
 *
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` with line and column of every problem
 * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when it cannot be read
 */
export async function loadPolicy(input: PolicyInput): Promise<LoadedPolicy> {
  const source = isSource(input) ? input : inlineSource(input);
  const snapshot = await source.read({ signal: new AbortController().signal });
  const { document, locator } = await snapshot.parse();
  const locate = (await locator?.()) ?? (() => undefined);
  const { origin, revision } = snapshot;
  const policies = parsePolicy(document, { origin, locate });
  const taken: PolicySource = { ...source, refreshIntervalMs: 0, read: async () => snapshot };
  const cz = await new ControlZero({ source: taken }).initialize();
  return { origin, revision, policies, cz, locate, stepsOf: stepsIn(document as PolicyDocument) };
}
