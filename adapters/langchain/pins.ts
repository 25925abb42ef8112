import type { Named } from './named-models.ts';
import { namesModels } from './settle.ts';

const PINNED = ['model', 'modelName', 'modelKwargs', 'azureOpenAIApiDeploymentName'] as const;

/** What names the model of an object, as it was when a view of it was made: a view does not follow when it changes. */
export type Pins = Readonly<Partial<Record<PropertyKey, unknown>>>;

/** What names the model of an object at this moment. What it does not have is not there. */
export function pinsOf(object: object): Pins {
  const pins = Object.create(null) as Record<string, unknown>;
  for (const name of PINNED) if (name in object) pins[name] = Reflect.get(object, name);
  return pins;
}

/** Whether what is pinned names one model, by whatever it names it, and that is the one. */
export function isPinned(pins: Pins, named: Named): boolean {
  if ('fault' in named || named.others !== undefined || namesModels(pins['modelKwargs'])) return false;
  const { azureOpenAIApiDeploymentName: deployment, model, modelName } = pins;
  // On Azure the deployment is what runs.
  if (deployment === named.model) return true;
  return [deployment, model, modelName].every((name) => name === undefined || name === named.model);
}
