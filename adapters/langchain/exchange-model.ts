import { derive } from './derive.ts';
import { isLanguageModel } from './runnable-kinds.ts';

const NAMING_KWARGS = new Set(['model', 'models', 'fallbacks', 'extra_body']);

function withoutNames(kwargs: unknown): unknown {
  if (typeof kwargs !== 'object' || kwargs === null) return kwargs;
  return Object.fromEntries(Object.entries(kwargs).filter(([name]) => !NAMING_KWARGS.has(name)));
}

/** Copies the models that a model keeps in its own fields. */
export function mapInnerModels(model: object, map: (inner: object) => object): Record<string, object> {
  const inner: [string, object][] = [];
  for (const [name, value] of Object.entries(model)) if (isLanguageModel(value)) inner.push([name, map(value)]);
  return Object.fromEntries(inner);
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
      ...mapInnerModels(model, (inner) => exchangeModel(inner, id)),
    },
  );
}
