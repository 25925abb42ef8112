import type { Answer, ServerEvent } from './answer.ts';
import { FIXED_SECONDS } from './answer.ts';
import type { ModelAnswerOptions } from './chat-answer.ts';
import { pieces } from './chat-answer.ts';
import { sampleJson } from './sample-json.ts';

interface ResponseBody {
  readonly text?: { readonly format?: { readonly type?: string; readonly schema?: unknown } };
  readonly tools?: readonly { readonly type?: string; readonly name?: string; readonly parameters?: unknown }[];
  readonly input?: unknown;
}

const USAGE = {
  input_tokens: 1,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 1,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 2,
};

function textOf({ body, text }: ModelAnswerOptions): string {
  const { format } = (body as ResponseBody).text ?? {};
  return format?.type === 'json_schema' ? JSON.stringify(sampleJson(format.schema)) : text;
}

function responseObject({ model, sequence }: ModelAnswerOptions, status: string, output: readonly unknown[]): object {
  const isDone = status === 'completed';
  return {
    id: `resp_${sequence}`,
    object: 'response',
    created_at: FIXED_SECONDS,
    status,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model,
    output,
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    usage: isDone ? USAGE : null,
  };
}

function outputMessage({ sequence }: ModelAnswerOptions, status: string, content: readonly unknown[]): object {
  return { type: 'message', id: `msg_${sequence}`, status, role: 'assistant', content };
}

// A tool is called once: after its result is in the input, the model answers with text.
function functionCall({ body, sequence }: ModelAnswerOptions): FunctionCall | undefined {
  const { tools = [], input } = body as ResponseBody;
  const tool = tools.find(({ type }) => type === 'function');
  const last: unknown = Array.isArray(input) ? input.at(-1) : { role: 'user' };
  const isAsked = typeof last === 'object' && last !== null && Reflect.get(last, 'role') === 'user';
  if (!tool || !isAsked) return undefined;
  const { name = '', parameters = { type: 'object' } } = tool;
  const written = JSON.stringify(sampleJson(parameters));
  const [id, callId] = [`fc_${sequence}`, `call_${sequence}`];
  return { type: 'function_call', id, call_id: callId, name, arguments: written, status: 'completed' };
}

interface FunctionCall {
  readonly type: 'function_call';
  readonly id: string;
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
  readonly status: string;
}

type NamedEvent = readonly [name: string, data: object];

function callEvents(call: FunctionCall): NamedEvent[] {
  const place = { item_id: call.id, output_index: 0 };
  return [
    ['response.output_item.added', { output_index: 0, item: { ...call, arguments: '', status: 'in_progress' } }],
    ['response.function_call_arguments.delta', { ...place, delta: call.arguments }],
    ['response.function_call_arguments.done', { ...place, name: call.name, arguments: call.arguments }],
    ['response.output_item.done', { output_index: 0, item: call }],
  ];
}

function textEvents(options: ModelAnswerOptions): NamedEvent[] {
  const text = textOf(options);
  const place = { item_id: `msg_${options.sequence}`, output_index: 0, content_index: 0 };
  const part = { type: 'output_text', text, annotations: [] };
  const item = outputMessage(options, 'completed', [part]);
  return [
    ['response.output_item.added', { output_index: 0, item: outputMessage(options, 'in_progress', []) }],
    ['response.content_part.added', { ...place, part: { ...part, text: '' } }],
    ...pieces(text).map((delta) => ['response.output_text.delta', { ...place, delta, logprobs: [] }] as const),
    ['response.output_text.done', { ...place, text, logprobs: [] }],
    ['response.content_part.done', { ...place, part }],
    ['response.output_item.done', { output_index: 0, item }],
  ];
}

function outputOf(options: ModelAnswerOptions): object {
  const part = { type: 'output_text', text: textOf(options), annotations: [] };
  return functionCall(options) ?? outputMessage(options, 'completed', [part]);
}

function responseEvents(options: ModelAnswerOptions): ServerEvent[] {
  const call = functionCall(options);
  const started = responseObject(options, 'in_progress', []);
  const events: readonly NamedEvent[] = [
    ['response.created', { response: started }],
    ['response.in_progress', { response: started }],
    ...(call ? callEvents(call) : textEvents(options)),
    ['response.completed', { response: responseObject(options, 'completed', [outputOf(options)]) }],
  ];
  return events.map(([name, data], index) => ({ name, data: { type: name, sequence_number: index, ...data } }));
}

/** The answer of POST /responses. */
export function responseAnswer(options: ModelAnswerOptions): Answer {
  if (options.body.stream) return { events: responseEvents(options) };
  return { json: responseObject(options, 'completed', [outputOf(options)]) };
}

/** The answer of POST /responses/compact. */
export function compactAnswer({ sequence }: ModelAnswerOptions): Answer {
  return {
    json: {
      id: `resp_${sequence}`,
      object: 'response.compaction',
      created_at: FIXED_SECONDS,
      output: [],
      usage: USAGE,
    },
  };
}
