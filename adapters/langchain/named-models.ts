import type { NamedModels, UndeterminedModel } from '../../src/index.ts';
import { methodOf } from './derive.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a model or an embeddings object is called with. */
export type Named = NamedModels | UndeterminedModel;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

const MODEL_FIELDS = ['model', 'models', 'fallbacks', 'extra_body'];
const DEPLOYMENT_IN_URL = /\/(?:deployments|engines)\/([^/?#]+)/iu;

// Where gateways look besides `model`. Undefined: something else than ids stands there.
function listedModels(list: unknown): readonly string[] | undefined {
  if (list === undefined || list === null) return [];
  const entries: readonly unknown[] = Array.isArray(list) ? list : [list];
  const models = entries.map((entry) => (typeof entry === 'string' ? entry : fieldsOf(entry)['model']));
  return models.every((model) => typeof model === 'string') ? models : undefined;
}

/**
 * The deployment of an Azure model, which is what runs whatever its `model` says. It stands in the
 * model, or in the URL that was configured. `withConfig()` of AzureChatOpenAI gives a ChatOpenAI of which
 * only the inner models know it.
 */
function deploymentsOf(model: Fields): readonly string[] {
  const { baseURL } = fieldsOf(model['clientConfig']);
  const inUrl = typeof baseURL === 'string' ? DEPLOYMENT_IN_URL.exec(baseURL)?.[1] : undefined;
  const speaking = [model, fieldsOf(model['completions']), fieldsOf(model['responses'])];
  const names = [...speaking.map((part) => part['azureOpenAIApiDeploymentName']), inUrl];
  return [...new Set(names.filter((name) => typeof name === 'string' && name !== ''))] as readonly string[];
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
  const options = { ...fieldsOf(model['clientConfig']), ...requestOptions };
  if (options['path'] !== undefined || options['method'] !== undefined)
    return { fault: 'The options of the call replace the path or the method of the request.' };
  const isReplaced = Object.hasOwn(options, 'body');
  const sent = isReplaced ? fieldsOf(options['body']) : parameters;
  const queried = [options['query'], options['defaultQuery']].map((query) => fieldsOf(query)['model']);
  const lists = [sent['models'], sent['fallbacks'], ...queried].map(listedModels);
  if (!lists.every((list) => list !== undefined))
    return { fault: 'A list of models in the call is not a list of ids.' };
  if (MODEL_FIELDS.some((name) => Object.hasOwn(fieldsOf(sent['extra_body']), name)))
    return { fault: 'The "extra_body" of the call names a model.' };
  const deployments = deploymentsOf(model);
  const ids = deployments.length > 0 ? deployments : [sent['model']];
  return nameModels(ids, lists.flat());
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

/** What a chat model or LLM would name in its request. */
export function readCall({ model, options, isStream, modelId }: CallToRead): Named {
  const parameters = fieldsOf(methodOf(model, 'invocationParams')?.call(model, options as never));
  const named =
    parameters['model'] === undefined ? { ...parameters, model: ownName(model as Fields, modelId) } : parameters;
  const requestOptions = isStream ? fieldsOf(options) : fieldsOf(fieldsOf(options)['options']);
  return readParameters(model as Fields, named, requestOptions);
}

/** What a finished request names; undefined when it is in a form of its own. */
export function readRequest(model: object, request: unknown, requestOptions: unknown): Named | undefined {
  const parameters = fieldsOf(request);
  const options = fieldsOf(requestOptions);
  const names = 'model' in parameters || 'body' in options || 'path' in options || 'method' in options;
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
