import type { Answer, ServerEvent } from './answer.ts';
import { FIXED_SECONDS } from './answer.ts';
import type { ModelAnswerOptions } from './chat-answer.ts';
import { pieces } from './chat-answer.ts';
import { sampleJson } from './sample-json.ts';

interface TextFormat {
  readonly text?: { readonly format?: { readonly type?: string; readonly schema?: unknown } };
}

const USAGE = {
  input_tokens: 1,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 1,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 2,
};

function textOf({ body, text }: ModelAnswerOptions): string {
  const { format } = (body as TextFormat).text ?? {};
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

function responseEvents(options: ModelAnswerOptions): ServerEvent[] {
  const text = textOf(options);
  const place = { item_id: `msg_${options.sequence}`, output_index: 0, content_index: 0 };
  const part = { type: 'output_text', text, annotations: [] };
  const item = outputMessage(options, 'completed', [part]);
  const started = responseObject(options, 'in_progress', []);
  const events: readonly (readonly [name: string, data: object])[] = [
    ['response.created', { response: started }],
    ['response.in_progress', { response: started }],
    ['response.output_item.added', { output_index: 0, item: outputMessage(options, 'in_progress', []) }],
    ['response.content_part.added', { ...place, part: { ...part, text: '' } }],
    ...pieces(text).map((delta) => ['response.output_text.delta', { ...place, delta, logprobs: [] }] as const),
    ['response.output_text.done', { ...place, text, logprobs: [] }],
    ['response.content_part.done', { ...place, part }],
    ['response.output_item.done', { output_index: 0, item }],
    ['response.completed', { response: responseObject(options, 'completed', [item]) }],
  ];
  return events.map(([name, data], index) => ({ name, data: { type: name, sequence_number: index, ...data } }));
}

/** The answer of POST /responses. */
export function responseAnswer(options: ModelAnswerOptions): Answer {
  if (options.body.stream) return { events: responseEvents(options) };
  const part = { type: 'output_text', text: textOf(options), annotations: [] };
  return { json: responseObject(options, 'completed', [outputMessage(options, 'completed', [part])]) };
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
