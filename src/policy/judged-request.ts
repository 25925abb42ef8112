import { canonicalAction, canonicalResource, isJudgeableName, isPlainModel } from './names.ts';
import type { RequestFault } from './request-fault.ts';
import { FaultSignal, faultOf } from './request-fault.ts';
import type { TakenRequest } from './taken-request.ts';

/** A request as the engine judges it: names checked and in one spelling. */
export interface JudgedRequest {
  readonly action: string;
  /** The resource first, then its other names. */
  readonly names: readonly [resource: string, ...aliases: string[]];
  readonly attributes: TakenRequest;
}

const MODEL = 'model/';
const NAME_RULE = 'a string of 1 to 1,024 printable characters without spaces';

function readName(value: unknown, what: string): string {
  if (!isJudgeableName(value)) throw new FaultSignal(`The ${what} is not ${NAME_RULE}.`);
  return value;
}

function readResource(value: unknown, what: string): string {
  const resource = canonicalResource(readName(value, what));
  if (resource === MODEL) throw new FaultSignal(`The ${what} names no model.`);
  return resource;
}

// Gateways write openai/gpt-4-turbo for gpt-4-turbo. The bare id goes along as another name, so that a
// rule which denies the model denies it behind every gateway.
function bareModel(resource: string): string | undefined {
  // Most ids have no slash, and looking for the first one is the fastest way to know.
  if (!resource.includes('/', MODEL.length) || !resource.startsWith(MODEL)) return undefined;
  const slash = resource.lastIndexOf('/');
  return slash === resource.length - 1 ? undefined : MODEL + resource.slice(slash + 1);
}

/** A resource with the other names that follow from it alone. */
export function namesOf(resource: string): JudgedRequest['names'] {
  const bare = bareModel(resource);
  return bare === undefined ? [resource] : [resource, bare];
}

function readNames({ resource: given, aliases }: TakenRequest): JudgedRequest['names'] {
  if (aliases === undefined && isPlainModel(given)) return [given];
  const resource = readResource(given, 'resource');
  if (aliases === undefined) return namesOf(resource);
  if (!Array.isArray(aliases)) throw new FaultSignal('The aliases are not a list.');
  const names = aliases.map((alias: unknown) => readResource(alias, 'alias'));
  const bareNames = [resource, ...names].map(bareModel).filter((name) => name !== undefined);
  return [resource, ...names, ...bareNames];
}

/**
 * Checks the names of a request and brings them to one spelling.
 *
 * @param knownAction the action in that spelling, when it was checked before
 */
export function judgedRequest(taken: TakenRequest, knownAction?: string): JudgedRequest | RequestFault {
  try {
    const action = knownAction ?? canonicalAction(readName(taken.action, 'action'));
    return { action, names: readNames(taken), attributes: taken };
  } catch (error) {
    return faultOf(error);
  }
}
