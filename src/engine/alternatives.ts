import type { JudgedRequest } from '../policy/judged-request.ts';
import { namesOf } from '../policy/judged-request.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import { evaluateAnew } from './evaluate.ts';

const MODEL = 'model/';
const MOST_ALTERNATIVES = 20;

/**
 * The models that the same caller may use for the same action: those that rules name without a
 * wildcard and that the policy allows, in the order of the policy, at most 20.
 */
export function allowedModels(policy: CompiledPolicy, request: JudgedRequest): readonly string[] {
  const models = new Set<string>();
  const candidates = new Set(
    policy.rules
      .filter((rule) => rule.effect !== 'deny')
      .flatMap((rule) => rule.resourceGlobs)
      .filter((glob) => typeof glob === 'string'),
  );
  for (const resource of candidates) {
    if (models.size === MOST_ALTERNATIVES) break;
    if (!resource.startsWith(MODEL)) continue;
    if (evaluateAnew(policy, { ...request, names: namesOf(resource) }).allowed)
      models.add(resource.slice(MODEL.length));
  }
  return [...models];
}
