import * as v from 'valibot';

import { ConfigurationError } from '../errors.ts';

const effectSchema = v.picklist(['allow', 'deny', 'warn']);
const caseSchema = v.strictObject({
  name: v.optional(v.string()),
  action: v.string(),
  resource: v.string(),
  aliases: v.optional(v.array(v.string())),
  agent: v.optional(v.string()),
  context: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
  expect: effectSchema,
  rule: v.optional(v.union([v.string(), v.number()])),
});
const casesSchema = v.strictObject({
  tests: v.pipe(v.array(caseSchema), v.minLength(1)),
});

/** One test of a policy: a request, and what should become of it. */
export interface PolicyCase {
  readonly name?: string | undefined;
  readonly action: string;
  readonly resource: string;
  readonly aliases?: readonly string[] | undefined;
  /** Short for `context: { agent_id: ... }`. */
  readonly agent?: string | undefined;
  readonly context?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly expect: 'allow' | 'deny' | 'warn';
  /** The rule that should decide. */
  readonly rule?: string | number | undefined;
}

/**
 * Reads tests of a policy: `{ tests: [...] }`, as it stands in a JSON or YAML file.
 *
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` with the path of the first mistake of every test
 *
 * @example
 * ```ts
 * import { readPolicyCases } from '@controlzero/sdk/testing';
 *
 * readPolicyCases({ tests: [{ action: 'llm.generate', resource: 'model/gpt-4', agent: 'basic', expect: 'deny' }] });
 * ```
 */
export function readPolicyCases(document: unknown): readonly PolicyCase[] {
  const result = v.safeParse(casesSchema, document);
  if (result.success) return result.output.tests;
  const lines = result.issues.map((issue) => `  ${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
  throw new ConfigurationError(`The policy tests have ${lines.length} problems:\n${lines.join('\n')}`);
}
