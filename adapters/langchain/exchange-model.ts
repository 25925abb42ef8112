import { derive } from './derive.ts';
import { mapRunnables } from './map-runnables.ts';
import { isLanguageModel } from './runnable-kinds.ts';

const NAMING_KWARGS = new Set(['model', 'models', 'fallbacks', 'extra_body']);

function withoutNames(kwargs: unknown): unknown {
  if (typeof kwargs !== 'object' || kwargs === null) return kwargs;
  return Object.fromEntries(Object.entries(kwargs).filter(([name]) => !NAMING_KWARGS.has(name)));
}

/**
 * A copy of a model that asks for another id: another deployment on Azure, another `model` elsewhere.
 * Whether that is what it then sends is for the caller to check.
 */
export function exchangeModel(model: object, id: string): object {
  const own = new Set(Object.keys(model));
  const isAzure = typeof Reflect.get(model, 'azureOpenAIApiDeploymentName') === 'string';
  // The client of an Azure model is made for one deployment.
  const names = isAzure
    ? { azureOpenAIApiDeploymentName: id, client: undefined }
    : Object.fromEntries(['model', 'modelName'].filter((name) => own.has(name)).map((name) => [name, id]));
  return derive(
    model,
    {},
    {
      ...names,
      ...(own.has('modelKwargs') && { modelKwargs: withoutNames(Reflect.get(model, 'modelKwargs')) }),
      ...mapRunnables(model, (inner) => (isLanguageModel(inner) ? exchangeModel(inner, id) : inner)),
    },
  );
}
