import type { Attempt, Attempts, Stage } from './bypass-attempts-stage.ts';
import { ALLOWED, DENIED, chat, chatBody, overTurns, post } from './bypass-attempts-stage.ts';

function deployment(name: string, model: unknown = ALLOWED): Attempt {
  return (stage) => chat(stage.azure({ deployment: name }), chatBody(model));
}

function path(rest: string): Attempt {
  return (stage) => post(stage.azure(), `/deployments/${rest}`, { body: chatBody(ALLOWED) });
}

async function mutating(stage: Stage): Promise<void> {
  const params = chatBody(ALLOWED);
  const call = Promise.allSettled([chat(stage.azure(), params)]);
  await overTurns(60, (turn) => (params['model'] = turn % 2 === 0 ? DENIED : ALLOWED));
  await call;
}

/** Attempts on the client for Azure, where the deployment in the path is the model. */
export const azureAttempts: Attempts = {
  'Azure: a denied deployment and an allowed model': deployment(DENIED),
  'Azure: a denied deployment and a denied model': deployment(DENIED, DENIED),
  'Azure: a denied model that becomes the deployment': (stage) => chat(stage.azure(), chatBody(DENIED)),
  'Azure: the stream helper': (stage) =>
    stage
      .azure()
      .chat.completions.stream(chatBody(DENIED) as never)
      .done(),
  'Azure: a denied deployment for embeddings': (stage) =>
    stage
      .azure({ deployment: 'text-embedding-3-large' })
      .embeddings.create({ model: 'text-embedding-3-small', input: 'Hello' }),
  'Azure: a denied deployment for legacy completions': (stage) =>
    stage.azure({ deployment: DENIED }).completions.create({ model: ALLOWED, prompt: 'Hello' }),
  'Azure: responses, which have no deployment in the path': (stage) =>
    stage.azure({ deployment: ALLOWED }).responses.create({ model: DENIED, input: 'Hello' }),
  'Azure: withOptions() to another deployment': (stage) =>
    chat(stage.azure({ deployment: ALLOWED }).withOptions({ deployment: DENIED }), chatBody(ALLOWED)),
  'Azure: withOptions() to another endpoint': (stage) =>
    chat(stage.azure({ deployment: DENIED }).withOptions({ baseURL: `${stage.origin}/openai` }), chatBody(ALLOWED)),
  'Azure: the deployment changes after the client was wrapped': (stage) => {
    const client = stage.azure({ deployment: ALLOWED });
    client.deploymentName = DENIED;
    return chat(client, chatBody(ALLOWED));
  },
  'Azure: options.path names another deployment': (stage) =>
    chat(stage.azure({ deployment: ALLOWED }), chatBody(ALLOWED), { path: `/deployments/${DENIED}/chat/completions` }),
  'Azure: options.path of a list names a deployment': (stage) =>
    stage.azure().models.list({
      method: 'post',
      path: `/deployments/${DENIED}/chat/completions`,
      body: chatBody(ALLOWED),
    } as never),
  'Azure: options.body names another model': (stage) =>
    chat(stage.azure(), chatBody(ALLOWED), { body: chatBody(DENIED) }),
  'Azure: options.__metadata names the model': (stage) =>
    chat(stage.azure(), chatBody(undefined), { __metadata: { model: DENIED } }),
  'Azure: a getter of model that flips': (stage) => {
    let reads = 0;
    const params = Object.defineProperty(chatBody(ALLOWED), 'model', {
      enumerable: true,
      get: () => ((reads += 1) > 1 ? DENIED : ALLOWED),
    });
    return chat(stage.azure(), params);
  },
  'Azure: a model that changes at every tick': mutating,
  'Azure: a model that is an object with a toString()': (stage) =>
    chat(stage.azure(), chatBody({ toString: () => DENIED })),
  'Azure: a base URL with a denied deployment': (stage) =>
    chat(stage.azure({ baseURL: `${stage.origin}/openai/deployments/${DENIED}` }), chatBody(ALLOWED)),
  'Azure: a base URL with a denied deployment in capitals': (stage) =>
    chat(stage.azure({ baseURL: `${stage.origin}/openai/Deployments/${DENIED}` }), chatBody(ALLOWED)),
  'Azure: a base URL with an allowed and then a denied deployment': (stage) =>
    chat(
      stage.azure({ baseURL: `${stage.origin}/openai/deployments/${ALLOWED}/deployments/${DENIED}` }),
      chatBody(ALLOWED),
    ),
  'Azure: a deployment name that goes a path back': deployment(`${ALLOWED}/../${DENIED}`),
  'Azure: a deployment name that goes a path back, encoded': deployment(`${ALLOWED}%2f..%2f${DENIED}`),
  'Azure: a deployment name that goes a path back, encoded twice': deployment(`${ALLOWED}%252f..%252f${DENIED}`),
  'Azure: a deployment name that ends the path with a number sign': deployment(`${DENIED}/chat/completions#`),
  'Azure: a deployment name that ends the path with a question mark': deployment(`${DENIED}/chat/completions?x=`),
  'Azure: a deployment name that leaves the deployments': deployment(`../deployments/${DENIED}`),
  'Azure: a deployment name of two dots': deployment('..', DENIED),
  'Azure: a deployment name with a parameter': deployment(`${ALLOWED};${DENIED}`),
  'Azure: a deployment name in capitals': deployment('GPT-4'),
  'Azure: a deployment name with a space': deployment(`${ALLOWED} `),
  'Azure: a deployment name with a line break': deployment(`${ALLOWED}-turbo\n`),
  'Azure: a deployment name that is encoded': deployment('gpt%2D4-turbo'),
  'Azure: a deployment name that decodes to the allowed one': deployment('gpt%2D4'),
  'Azure: an empty deployment name': deployment('', DENIED),
  'Azure: a path that names a denied deployment': path(`${DENIED}/chat/completions`),
  'Azure: a path with an encoded deployment': path('%67pt-4-turbo/chat/completions'),
  'Azure: a path with a deployment encoded twice': path('gpt%252D4/chat/completions'),
  'Azure: a path with a deployment encoded three times': path('gpt%25252D4-turbo/chat/completions'),
  'Azure: a path with a double slash': path(`/${DENIED}//chat/completions/`),
  'Azure: a path with two deployments': path(`${ALLOWED}/deployments/${DENIED}/chat/completions`),
  'Azure: a path with the allowed deployment as a parent': path(`${ALLOWED}/../${DENIED}/chat/completions`),
  'Azure: a path with the allowed deployment as an encoded parent': path(
    `${ALLOWED}%2f..%2f${DENIED}/chat/completions`,
  ),
  'Azure: a path with a parameter behind the deployment': path(`${DENIED};v=1/chat/completions`),
  'Azure: a path whose allowed deployment has a parameter': path(`${ALLOWED};${DENIED}/chat/completions`),
  'Azure: a path whose deployments have a parameter': (stage) =>
    post(stage.azure(), `/deployments;v=1/${DENIED}/chat/completions`, { body: chatBody(ALLOWED) }),
  'Azure: a path with its marker in capitals': (stage) =>
    post(stage.azure(), `/DEPLOYMENTS/${DENIED}/chat/completions`, { body: chatBody(ALLOWED) }),
  'Azure: a path with its marker encoded': (stage) =>
    post(stage.azure(), `/%64eployments/${DENIED}/chat/completions`, { body: chatBody(ALLOWED) }),
  'Azure: a path with its marker encoded twice': (stage) =>
    post(stage.azure(), `/%2564eployments/${DENIED}/chat/completions`, { body: chatBody(ALLOWED) }),
  'Azure: a path behind a backslash': (stage) =>
    post(stage.azure(), `\\deployments\\${DENIED}\\chat\\completions`, { body: chatBody(ALLOWED) }),
  'Azure: a body that names the model of the server': (stage) =>
    post(stage.azure(), '/v1/chat/completions', { body: chatBody(DENIED) }),
  'Azure: a path back in front of the deployments': path(`x/..%2f..%2fdeployments/${DENIED}/chat/completions`),
};
