import type { NamedModels, UndeterminedModel } from '../../src/index.ts';
import { deploymentInUrl } from './deployment-in-url.ts';
import { methodOf } from './derive.ts';
import type { Fields } from './fields.ts';
import { fieldsOf } from './fields.ts';
import { faultInOptions, queriedModels } from './request-options.ts';
import { isModelField, settle } from './settle.ts';

/** What a model or an embeddings object is called with. */
export type Named = NamedModels | UndeterminedModel;

/** The ids that are named; undefined when they cannot be told. */
export function namedIds(named: Named): readonly string[] | undefined {
  return 'fault' in named ? undefined : [named.model, ...(named.others ?? [])];
}

// Where gateways look besides `model`. Undefined: something else than ids stands there.
function listedModels(list: unknown): readonly string[] | undefined {
  if (list === undefined || list === null) return [];
  const entries: readonly unknown[] = Array.isArray(list) ? list : [list];
  const models = entries.map((entry) => (typeof entry === 'string' ? entry : fieldsOf(entry)['model']));
  return models.every((model) => typeof model === 'string') ? models : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Where a model sends its requests, as far as the URL says which deployment runs. */
function urlsOf(part: Fields): readonly string[] {
  const made = textOf(fieldsOf(part['client'])['baseURL']);
  if (made !== undefined) return [made];
  const deployment = textOf(part['azureOpenAIApiDeploymentName']);
  if (deployment === undefined) return [textOf(fieldsOf(part['clientConfig'])['baseURL']) ?? ''];
  const basePath = textOf(part['azureOpenAIBasePath']);
  if (basePath !== undefined) return [`${basePath}/${deployment}`];
  const endpoint = textOf(part['azureOpenAIEndpoint']) ?? `https://${String(part['azureOpenAIApiInstanceName'])}`;
  return [`${endpoint}/openai/deployments/${deployment}`];
}

/**
 * The deployment of an Azure model, which is what runs whatever its `model` says. It stands in the
 * model, or in the URL that was configured. `withConfig()` of AzureChatOpenAI gives a ChatOpenAI of which
 * only the inner models know it.
 */
function deploymentsOf(model: Fields): readonly string[] | UndeterminedModel {
  const speaking = [model, fieldsOf(model['completions']), fieldsOf(model['responses'])];
  const found = speaking.flatMap(urlsOf).map(deploymentInUrl);
  const named = speaking.map((part) => textOf(part['azureOpenAIApiDeploymentName']));
  for (const deployment of found) {
    if (!deployment) continue;
    if ('fault' in deployment) return deployment;
    named.push(deployment.name);
  }
  return [...new Set(named.filter((name) => name !== undefined))];
}

function nameModels(ids: readonly unknown[], others: readonly string[]): Named {
  const [model, ...further] = ids;
  if (typeof model !== 'string' || !further.every((id) => typeof id === 'string'))
    return { fault: 'The call names no model.' };
  const all = [...further, ...others];
  return all.length === 0 ? { model } : { model, others: all };
}

/**
 * What the parameters of a request name. Options of the request can put another body in their place or
 * add to the query, because the client of OpenAI spreads them over its own.
 */
function readParameters(model: Fields, parameters: Fields, requestOptions: Fields): Named {
  const configured = fieldsOf(model['clientConfig']);
  const options = { ...configured, ...requestOptions };
  const fault = faultInOptions(options) ?? faultInOptions(configured);
  if (fault !== undefined) return { fault };
  const sent = settle(Object.hasOwn(options, 'body') ? options['body'] : parameters);
  if (!sent) return { fault: 'The request of the call is not JSON that names one model.' };
  const lists = [sent['models'], sent['fallbacks'], ...queriedModels(options)].map(listedModels);
  if (!lists.every((list) => list !== undefined))
    return { fault: 'A list of models in the call is not a list of ids.' };
  if (Object.keys(fieldsOf(sent['extra_body'])).some(isModelField))
    return { fault: 'The "extra_body" of the call names a model.' };
  const deployments = deploymentsOf(model);
  if ('fault' in deployments) return deployments;
  return nameModels(deployments.length > 0 ? deployments : [sent['model']], lists.flat());
}

// Models of some providers do not list their own id among the parameters.
function ownName(model: Fields, modelId: string | undefined): unknown {
  return model['model'] ?? model['modelName'] ?? modelId;
}

/** What is read when a call is judged. */
export interface CallToRead {
  readonly model: object;
  /** Call options, as the model gets them. */
  readonly options: unknown;
  /** How the model takes request options: streams take them from the call options themselves. */
  readonly isStream: boolean;
  /** The id of a model that does not name itself. */
  readonly modelId: string | undefined;
}

// A class that does not say what it sends may or may not heed the option `model`: both have to be allowed.
function namedByClass(parameters: Fields, own: unknown, asked: unknown): Fields {
  const isOther = typeof asked === 'string' && asked !== own;
  return { ...parameters, model: own, ...(isOther && { models: [parameters['models'] ?? [], asked].flat() }) };
}

/** What a chat model or LLM would name in its request. */
export function readCall({ model, options, isStream, modelId }: CallToRead): Named {
  const callOptions = fieldsOf(options);
  const parameters = fieldsOf(methodOf(model, 'invocationParams')?.call(model, options as never));
  const named =
    parameters['model'] === undefined
      ? namedByClass(parameters, ownName(model as Fields, modelId), callOptions['model'])
      : parameters;
  return readParameters(model as Fields, named, isStream ? callOptions : fieldsOf(callOptions['options']));
}

/** What a finished request names; undefined when it is in a form of its own. */
export function readRequest(model: object, request: unknown, requestOptions: unknown): Named | undefined {
  const parameters = fieldsOf(request);
  const options = fieldsOf(requestOptions);
  const names = 'model' in parameters || 'body' in options || faultInOptions(options) !== undefined;
  return names ? readParameters(model as Fields, parameters, options) : undefined;
}

/** What a callback handler hears of a model that starts. */
export interface StartedRun {
  /** The model as LangChain serializes it. */
  readonly serialized: unknown;
  readonly extraParams: unknown;
  readonly modelId: string | undefined;
}

/** What a model that starts is going to name, as far as a callback handler can know. */
export function readStart({ serialized, extraParams, modelId }: StartedRun): Named {
  const { id, kwargs } = fieldsOf(serialized);
  const { invocation_params: parameters, options } = fieldsOf(extraParams);
  const { deployment_name: deployment, ...written } = fieldsOf(kwargs);
  const isAzure = Array.isArray(id) && String(id.at(-1)).startsWith('Azure');
  if (isAzure && typeof deployment !== 'string') return { fault: 'The call names no deployment.' };
  const own = fieldsOf(parameters);
  const named = own['model'] === undefined ? { ...own, model: ownName(written, modelId) } : own;
  const requestOptions = { ...fieldsOf(options), ...fieldsOf(fieldsOf(options)['options']) };
  return readParameters({ azureOpenAIApiDeploymentName: deployment }, named, requestOptions);
}

/** What an embeddings object names in its requests. */
export function readEmbeddings(embeddings: object, modelId: string | undefined): Named {
  return readParameters(embeddings as Fields, { model: ownName(embeddings as Fields, modelId) }, {});
}
