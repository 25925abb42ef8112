import type { Answer } from './answer.ts';
import { FIXED_SECONDS, errorAnswer } from './answer.ts';
import type { ReceivedRequest } from './received-request.ts';

const FILES = ['file-1', 'file-2', 'file-3'];

function fileObject(id: string): object {
  return {
    id,
    object: 'file',
    bytes: 3,
    created_at: FIXED_SECONDS,
    filename: `${id}.jsonl`,
    purpose: 'batch',
    status: 'processed',
  };
}

function modelObject(id: string): object {
  return { id, object: 'model', created: FIXED_SECONDS, owned_by: 'local' };
}

function list(data: readonly unknown[], more: { readonly lastId?: string; readonly hasMore?: boolean } = {}): Answer {
  const { lastId = null, hasMore = false } = more;
  return { json: { object: 'list', data, first_id: null, last_id: lastId, has_more: hasMore } };
}

// Two pages, so that pagination has something to do.
function listFiles({ path }: ReceivedRequest): Answer {
  const after = new URL(path, 'http://local').searchParams.get('after');
  const rest = after === null ? FILES : FILES.slice(FILES.indexOf(after) + 1);
  const page = rest.slice(0, 2);
  return list(page.map(fileObject), { lastId: page.at(-1) ?? '', hasMore: rest.length > page.length });
}

interface ResourceRoute {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: (request: ReceivedRequest, id: string) => Answer;
}

function routes(models: readonly string[]): readonly ResourceRoute[] {
  return [
    { method: 'GET', path: /\/models$/u, answer: () => list(models.map(modelObject)) },
    { method: 'GET', path: /\/models\/(.+)$/u, answer: (_, id) => ({ json: modelObject(id) }) },
    { method: 'GET', path: /\/files$/u, answer: listFiles },
    { method: 'POST', path: /\/files$/u, answer: () => ({ json: fileObject('file-4') }) },
    { method: 'GET', path: /\/files\/[^/]+\/content$/u, answer: () => ({ text: '{}\n' }) },
    { method: 'GET', path: /\/files\/([^/]+)$/u, answer: (_, id) => ({ json: fileObject(id) }) },
    {
      method: 'DELETE',
      path: /\/(?:files|models|assistants|threads)\/([^/]+)$/u,
      answer: (_, id) => ({ json: { id, object: 'deleted', deleted: true } }),
    },
    {
      method: 'POST',
      path: /\/moderations$/u,
      answer: () => ({
        json: { id: 'modr-1', model: 'local', results: [{ flagged: false, categories: {}, category_scores: {} }] },
      }),
    },
    {
      method: 'POST',
      path: /\/assistants$/u,
      answer: () => ({ json: { id: 'asst_1', object: 'assistant', created_at: FIXED_SECONDS } }),
    },
    {
      method: 'POST',
      path: /\/threads$/u,
      answer: () => ({ json: { id: 'thread_1', object: 'thread', created_at: FIXED_SECONDS } }),
    },
    {
      method: 'POST',
      path: /\/input_tokens$/u,
      answer: () => ({ json: { object: 'response.input_tokens', input_tokens: 1 } }),
    },
    {
      method: 'GET',
      path: /\/responses\/([^/]+)$/u,
      answer: (_, id) => ({ json: { id, object: 'response', status: 'completed', output: [] } }),
    },
    {
      method: 'POST',
      path: /\/batches$/u,
      answer: () => ({
        json: {
          id: 'batch_1',
          object: 'batch',
          status: 'validating',
          created_at: FIXED_SECONDS,
          input_file_id: 'file-4',
        },
      }),
    },
    { method: 'GET', path: /\/(?:assistants|batches|chat\/completions)$/u, answer: () => list([]) },
  ];
}

/** The answer to a request that makes no model run. */
export function resourceAnswer(request: ReceivedRequest, models: readonly string[]): Answer {
  for (const { method, path, answer } of routes(models)) {
    const match = request.method === method ? path.exec(request.pathname) : null;
    if (match) return answer(request, match[1] ?? '');
  }
  return errorAnswer(404, `Unknown request URL: ${request.method} ${request.pathname}.`);
}
