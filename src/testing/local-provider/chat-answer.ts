import type { Answer, ServerEvent } from './answer.ts';
import { FIXED_SECONDS } from './answer.ts';
import { sampleJson } from './sample-json.ts';

interface Tool {
  readonly name: string;
  readonly parameters?: unknown;
}

/** The body of a request to a model, as far as the local provider looks at it. */
interface ModelBody {
  readonly model?: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly messages?: readonly { readonly role: string; readonly content?: unknown }[];
  readonly tools?: readonly { readonly function?: Tool }[];
  readonly tool_choice?: string | { readonly function?: { readonly name: string } } | null;
  readonly response_format?: { readonly type: string; readonly json_schema?: { readonly schema?: unknown } };
  readonly input?: unknown;
  readonly encoding_format?: string;
  readonly dimensions?: number;
}

/** What an answer to a model request is made of. */
export interface ModelAnswerOptions {
  readonly body: ModelBody;
  readonly model: string;
  readonly text: string;
  /** Number of the request: ids are the same in every run. */
  readonly sequence: number;
}

interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

// The tool that the request demands; else the one that the user speaks of; else the first.
function chosenTool({ tools = [], tool_choice: choice, messages }: ModelBody): Tool | undefined {
  const offered = tools.map((tool) => tool.function).filter((tool) => tool !== undefined);
  if (typeof choice === 'object' && choice !== null) return offered.find(({ name }) => name === choice.function?.name);
  if (choice === 'none') return undefined;
  const spoken = JSON.stringify(messages?.at(-1)?.content ?? '');
  return offered.find(({ name }) => spoken.includes(name)) ?? offered[0];
}

// A tool is called once: after its result is among the messages, the model answers with text.
function toolCallFor({ body, sequence }: ModelAnswerOptions): ToolCall | undefined {
  const tool = chosenTool(body);
  if (!tool || body.messages?.at(-1)?.role !== 'user') return undefined;
  const { name, parameters } = tool;
  return {
    id: `call_${sequence}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(sampleJson(parameters ?? { type: 'object' })) },
  };
}

/** The text of an answer: JSON where the request asks for JSON. */
function answerText({ body, text }: ModelAnswerOptions): string {
  const { response_format: format } = body;
  if (format?.type === 'json_schema') return JSON.stringify(sampleJson(format.json_schema?.schema));
  return format?.type === 'json_object' ? '{}' : text;
}

/** Splits a text into the pieces that a stream sends. */
export function pieces(text: string): string[] {
  return text.match(/\S+\s*|\s+/gu) ?? [];
}

function chatChunks(options: ModelAnswerOptions): ServerEvent[] {
  const { body, model, sequence } = options;
  const head = { id: `chatcmpl-${sequence}`, object: 'chat.completion.chunk', created: FIXED_SECONDS, model };
  const chunk = (delta: object, finish: string | null = null): ServerEvent => ({
    data: { ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] },
  });
  const call = toolCallFor(options);
  const content = call
    ? [chunk({ tool_calls: [{ index: 0, ...call }] })]
    : pieces(answerText(options)).map((piece) => chunk({ content: piece }));
  const usage: ServerEvent[] = body.stream_options?.include_usage
    ? [{ data: { ...head, choices: [], usage: USAGE } }]
    : [];
  return [
    chunk({ role: 'assistant', content: '' }),
    ...content,
    chunk({}, call ? 'tool_calls' : 'stop'),
    ...usage,
    { data: '[DONE]' },
  ];
}

/** The answer of POST /chat/completions. */
export function chatAnswer(options: ModelAnswerOptions): Answer {
  if (options.body.stream) return { events: chatChunks(options) };
  const call = toolCallFor(options);
  const message = {
    role: 'assistant',
    refusal: null,
    content: call ? null : answerText(options),
    ...(call && { tool_calls: [call] }),
  };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: call ? 'tool_calls' : 'stop' }];
  return {
    json: {
      id: `chatcmpl-${options.sequence}`,
      object: 'chat.completion',
      created: FIXED_SECONDS,
      model: options.model,
      choices,
      usage: USAGE,
    },
  };
}

/** The answer of POST /completions. */
export function completionAnswer({ body, model, text, sequence }: ModelAnswerOptions): Answer {
  const head = { id: `cmpl-${sequence}`, object: 'text_completion', created: FIXED_SECONDS, model };
  const choice = (part: string, finish: string | null): object => ({
    ...head,
    choices: [{ index: 0, text: part, logprobs: null, finish_reason: finish }],
  });
  if (!body.stream) return { json: { ...choice(text, 'stop'), usage: USAGE } };
  return {
    events: [
      ...pieces(text).map((piece) => ({ data: choice(piece, null) })),
      { data: choice('', 'stop') },
      { data: '[DONE]' },
    ],
  };
}

function vectorOf(text: string, dimensions: number): Float32Array {
  let state = 2_166_136_261;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16_777_619);
  return Float32Array.from({ length: dimensions }, () => {
    state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + 1;
    return (state >>> 0) / 4_294_967_296;
  });
}

function encodeVector(vector: Float32Array, format: string | undefined): string | number[] {
  if (format !== 'base64') return [...vector];
  return btoa(String.fromCharCode(...new Uint8Array(vector.buffer)));
}

/** The answer of POST /embeddings. */
export function embeddingAnswer({ body, model }: ModelAnswerOptions): Answer {
  const inputs: readonly unknown[] =
    Array.isArray(body.input) && typeof body.input[0] !== 'number' ? body.input : [body.input];
  const data = inputs.map((input, index) => {
    const text = typeof input === 'string' ? input : JSON.stringify(input ?? null);
    return {
      object: 'embedding',
      index,
      embedding: encodeVector(vectorOf(text, body.dimensions ?? 8), body.encoding_format),
    };
  });
  return { json: { object: 'list', data, model, usage: { prompt_tokens: 1, total_tokens: 1 } } };
}
