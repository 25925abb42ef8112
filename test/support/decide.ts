import { compilePolicy } from '../../src/engine/compile.ts';
import type { CompiledPolicy } from '../../src/engine/compile.ts';
import { evaluate } from '../../src/engine/evaluate.ts';
import type { Explanation } from '../../src/engine/explain.ts';
import { explain } from '../../src/engine/explain.ts';
import type { Decision, PolicyRequest } from '../../src/index.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { readRequest } from '../../src/policy/request.ts';

/** Parses and compiles a document, as a client does. */
export function compileDocument(document: unknown): CompiledPolicy {
  return compilePolicy(parsePolicy(document, { origin: 'a test' }), 'test');
}

function read(policy: CompiledPolicy, request: PolicyRequest): ReturnType<typeof readRequest> {
  return readRequest(request, { keys: policy.conditionKeys, identity: undefined, defaults: [] });
}

/** Decides a request without a client around the engine. */
export function decide(policy: CompiledPolicy, request: PolicyRequest): Decision {
  const judged = read(policy, request);
  return 'fault' in judged ? policy.invalidRequest(judged.fault) : evaluate(policy, judged);
}

/** Explains a request that can be judged. */
export function explainRequest(policy: CompiledPolicy, request: PolicyRequest): Explanation | undefined {
  const judged = read(policy, request);
  return 'fault' in judged ? undefined : explain(policy, judged);
}
