import type { ModelAction } from '../../src/index.ts';
import { readParams } from './call-params.ts';
import type { ModelCalls } from './model-calls.ts';
import { isObject } from './model-kinds.ts';

type Fields = Readonly<Record<string, unknown>>;

// Images are not governed. What else there may be is taken for text.
const ACTIONS: ReadonlyMap<unknown, ModelAction | undefined> = new Map<unknown, ModelAction | undefined>([
  ['image', undefined],
  ['embedding', 'embedding.generate'],
]);

function actionOf({ type }: Fields): ModelAction | undefined {
  return ACTIONS.has(type) ? ACTIONS.get(type) : 'llm.generate';
}

/**
 * Judges every request of a batch, equal ones once, and gives the options that may go on.
 * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED` when one of them is denied: then none is sent
 * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
 */
export async function passBatch(calls: ModelCalls, given: unknown): Promise<object> {
  const { params, ...whole } = readParams(given);
  const { requests } = params as Fields;
  const judged = new Set<string>();
  const passed: object[] = [];
  for (const request of Array.isArray(requests) ? (requests as unknown[]) : []) {
    const fields: Fields = isObject(request) ? { ...request } : {};
    const read = readParams(fields['options']);
    const action = actionOf(fields);
    const { modelId } = fields;
    const fault = whole.fault ?? read.fault;
    const named = {
      claimed: read.claimed ?? whole.claimed,
      others: [...whole.others, ...read.others],
      ...(fault !== undefined && { fault }),
    };
    const key = JSON.stringify([action, modelId, named]);
    if (action !== undefined && !judged.has(key)) await calls.passNamed(action, modelId, named);
    judged.add(key);
    passed.push({ ...fields, ...('options' in fields && { options: read.params }) });
  }
  return { ...params, requests: passed };
}
