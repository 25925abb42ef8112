import * as v from 'valibot';

import { PolicyInvalidError } from '../errors.ts';
import type { ParsedPolicy } from './parsed-policy.ts';
import { readPolicies } from './parsed-policy.ts';
import { plainCopy } from './plain-copy.ts';
import { readPlainDocument } from './plain-document.ts';
import { policyListSchema, policySchema, policySetSchema } from './policy-schema.ts';
import type { PathStep, PlacedProblem, PolicyProblem } from './problem.ts';
import { describeFound, placeProblem, suggest } from './problem.ts';
import { finish } from './steps.ts';
import { unknownKeyProblems } from './unknown-keys.ts';

type Issue = v.BaseIssue<unknown>;

/** A place in the text of a document, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Finds the place of a path in the text that a document was parsed from. */
export type Locate = (steps: readonly PathStep[]) => Position | undefined;

/** Where a document comes from. */
export interface ParseOptions {
  /** A file name, or a phrase such as "the policy option". */
  readonly origin: string;
  readonly locate?: Locate;
}

function stepsOf(issue: Issue): PathStep[] {
  return (issue.path ?? []).map((item) => (typeof item.key === 'number' ? item.key : String(item.key)));
}

// A union reports one issue per branch. The branch that got furthest into the value is the one its author meant.
function* leafIssues(issue: Issue, prefix: readonly PathStep[]): Generator<{ issue: Issue; steps: PathStep[] }> {
  const steps = [...prefix, ...stepsOf(issue)];
  const nested = (issue.issues ?? []).filter((inner) => inner.path !== undefined || inner.kind === 'validation');
  if (issue.type === 'union' && nested.length > 0) {
    for (const inner of nested) yield* leafIssues(inner, steps);
  } else if (issue.type !== 'strict_object' || issue.expected !== 'never') {
    yield { issue, steps };
  }
}

const EXPECTED: ReadonlyMap<string, string> = new Map([
  ['Array', 'a list'],
  ['Object', 'an object'],
  ['string', 'a string'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
]);

function describeAccepted(issue: Issue): string {
  const words = (issue.expected ?? 'another value').replaceAll(/[()]/gu, '').split(' | ');
  return words.map((word) => EXPECTED.get(word) ?? word).join(' or ');
}

function describeSchemaIssue(issue: Issue): Pick<PolicyProblem, 'message' | 'accepted'> {
  const accepted = describeAccepted(issue);
  if (issue.input === undefined) return { message: 'A required key is missing.', accepted };
  if (issue.type === 'picklist') return { message: 'Not one of the accepted values.', accepted };
  if (issue.type === 'min_length') return { message: 'The value is empty.', accepted: 'one entry or more' };
  if (issue.type === 'finite') return { message: 'The number is not finite.', accepted: 'a finite number' };
  return { message: 'Wrong type.', accepted };
}

function suggestionFor(issue: Issue): string | undefined {
  if (issue.type !== 'picklist' || typeof issue.input !== 'string') return undefined;
  return suggest(issue.input, describeAccepted(issue).replaceAll('"', '').split(' or '));
}

function placeIssue(issue: Issue, steps: readonly PathStep[]): PlacedProblem {
  const suggestion = suggestionFor(issue);
  const text =
    issue.type === 'raw_check'
      ? { message: issue.message, accepted: issue.expected ?? '' }
      : describeSchemaIssue(issue);
  return placeProblem(steps, {
    ...text,
    found: describeFound(issue.input),
    ...(suggestion !== undefined && { suggestion }),
  });
}

function schemaFor(document: unknown): v.GenericSchema {
  if (Array.isArray(document)) return policyListSchema;
  const isSet = typeof document === 'object' && document !== null && 'policies' in document;
  return isSet ? policySetSchema : policySchema;
}

function findProblems(document: unknown): { readonly copy: unknown; readonly placed: PlacedProblem[] } {
  const { copy, faults } = plainCopy(document);
  const placed = faults.map(({ steps, value, message }) =>
    placeProblem(steps, { message, found: describeFound(value), accepted: 'plain JSON data' }),
  );
  if (placed.length > 0) return { copy, placed };
  placed.push(...unknownKeyProblems(copy));
  const result = v.safeParse(schemaFor(copy), copy);
  for (const outer of result.issues ?? []) {
    for (const { issue, steps } of leafIssues(outer, [])) placed.push(placeIssue(issue, steps));
  }
  return { copy, placed };
}

function indexesOf(steps: readonly PathStep[]): number[] {
  return steps.filter((step) => typeof step === 'number');
}

// The order of the document: by policy, rule and list entry.
function byPlace(left: PlacedProblem, right: PlacedProblem): number {
  const [a, b] = [indexesOf(left.steps), indexesOf(right.steps)];
  for (const [depth, index] of a.entries()) {
    const difference = index - (b[depth] ?? -1);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function inOrder(problems: readonly PlacedProblem[], locate: Locate | undefined): PolicyProblem[] {
  const perPlace = new Map<string, PolicyProblem>();
  for (const { steps, problem } of problems.toSorted(byPlace)) {
    const key = `${problem.path}\n${problem.message}`;
    if (!perPlace.has(key)) perPlace.set(key, { ...problem, ...locate?.(steps) });
  }
  return [...perPlace.values()];
}

/**
 * Checks a document completely, with every problem and its place, and brings it to one form.
 *
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` with every problem of the document
 */
export function checkDocument(document: unknown, { origin, locate }: ParseOptions): readonly ParsedPolicy[] {
  const { copy, placed } = findProblems(document);
  if (placed.length > 0) throw new PolicyInvalidError({ origin, problems: inOrder(placed, locate) });
  return readPolicies(copy);
}

/**
 * Reads a policy document of either dialect: checks it completely and brings it to one form.
 *
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` with every problem of the document
 */
export function parsePolicy(document: unknown, options: ParseOptions): readonly ParsedPolicy[] {
  return finish(readPlainDocument(document)) ?? checkDocument(document, options);
}
