import { isAmong, isProviderHost } from './provider-hosts.ts';

/** A request as `isModelRequest` gets it. */
export interface ObservedRequest {
  readonly method: string;
  /** With the port where it is not the usual one. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** The id that the request names, as far as it could be read. */
  readonly model: string | undefined;
}

/** What decides whether a request makes a model run. */
export interface ModelRequestOptions {
  readonly hosts: readonly (string | RegExp)[];
  readonly isModelRequest: ((request: ObservedRequest) => boolean | undefined) | undefined;
}

/** A request that is about to be sent, of whatever client. */
export interface OutgoingRequest {
  readonly method: string;
  readonly host: string;
  /** With the query. */
  readonly target: string;
  /** By its name in lower case. */
  readonly header: (name: string) => string | undefined;
}

// What names the model in its path is one of these wherever it goes.
const NAMED_IN_PATH = [
  /\/(?:deployments|engines)\/(?<model>[^/]+)\/(?:chat\/completions|completions|embeddings)$/u,
  /\/models\/(?<model>[^/:]+):(?:generateContent|streamGenerateContent|embedContent|batchEmbedContents)$/u,
  /\/models\/(?<model>[^/:]+):(?:rawPredict|streamRawPredict)$/u,
  /\/models\/(?<model>[^/:]*embedding[^/:]*):predict$/u,
  /\/model\/(?<model>[^/]+)\/(?:converse|converse-stream|invoke|invoke-with-response-stream)$/u,
];
// Others have such paths as well: a host that is not known has to be sent a model.
const SHAPES = /\/(?:completions|embeddings|responses(?:\/compact)?|v1\/messages|language-model|embedding-model)$/u;
// Too ordinary for any other host than that of a provider.
const LOOSE_SHAPES = /\/(?:chat|generate|embed|messages|messages\/batches|conversations)$/u;
const REALTIME = /\/realtime$/u;
// What is said in the headers to the gateway of Vercel.
const NAMING_HEADERS = ['ai-language-model-id', 'ai-embedding-model-id', 'ai-model-id'];
const SENDING = new Set(['POST', 'PUT', 'PATCH']);

interface ReadTarget {
  readonly path: string;
  readonly query: URLSearchParams;
}

function readTarget(target: string): ReadTarget {
  const { pathname, searchParams } = new URL(target, 'http://host');
  return { path: pathname, query: searchParams };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function modelInPath(path: string): string | undefined {
  const model = NAMED_IN_PATH.map((shape) => shape.exec(path)?.groups?.['model']).find((name) => name !== undefined);
  return model === undefined ? undefined : decoded(model);
}

function isUpgrade({ header }: OutgoingRequest): boolean {
  return header('upgrade')?.toLowerCase() === 'websocket';
}

/** What a body tells: the model, and whether it holds a conversation. */
export interface BodyFacts {
  readonly model: string | undefined;
  readonly isConversation: boolean;
}

/** What is told by a body that could not be read. */
export const NO_BODY: BodyFacts = { model: undefined, isConversation: false };

/** Tells requests that make a model run from all others. */
export class ModelRequests {
  readonly #options: ModelRequestOptions;

  constructor(options: ModelRequestOptions) {
    this.#options = options;
  }

  /** Whether a request may be one, before its body is known. */
  isPlausible(outgoing: OutgoingRequest): boolean {
    return SENDING.has(outgoing.method) || REALTIME.test(readTarget(outgoing.target).path);
  }

  /** What is known about a request that makes a model run; undefined when it does not. */
  read(outgoing: OutgoingRequest, body: BodyFacts): ObservedRequest | undefined {
    const { method, host, target } = outgoing;
    const { path, query } = readTarget(target);
    const named = modelInPath(path);
    const model =
      named ??
      NAMING_HEADERS.map((name) => outgoing.header(name)).find((id) => id !== undefined) ??
      body.model ??
      (REALTIME.test(path) ? (query.get('model') ?? undefined) : undefined);
    const request = { method, host, path, model };
    const isOne =
      this.#options.isModelRequest?.(request) ?? (named !== undefined || this.#isOne(outgoing, request, body));
    return isOne ? request : undefined;
  }

  #isOne(outgoing: OutgoingRequest, { host, path, model }: ObservedRequest, body: BodyFacts): boolean {
    const isListed = isAmong(host, this.#options.hosts);
    const isKnown = isListed || isProviderHost(host);
    if (REALTIME.test(path)) return isKnown && isUpgrade(outgoing);
    if (SHAPES.test(path)) return isKnown || model !== undefined;
    if (LOOSE_SHAPES.test(path)) return isKnown;
    return (isKnown && body.isConversation) || (isListed && model !== undefined);
  }
}
