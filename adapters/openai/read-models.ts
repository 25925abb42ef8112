import type { ModelCall } from './classify-call.ts';
import type { JsonField } from './json-fields.ts';
import { readJsonFields } from './json-fields.ts';

/** The model that a call names, every further one it may be routed to, and how to name another one. */
export interface NamedModels {
  readonly model: string;
  /** Entries of a `models` list, from which gateways pick when the first model is not to be had. */
  readonly others: readonly string[];
  /** Where the body names the model; undefined when the path does. */
  readonly inBody?: { readonly text: string; readonly fields: readonly JsonField[] };
}

/** Why the model of a call cannot be determined. */
export interface UndeterminedModel {
  readonly fault: string;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text of a body, decoded where it is bytes; undefined when it cannot be looked into. */
export function bodyText(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  if (!(body instanceof ArrayBuffer || ArrayBuffer.isView(body))) return undefined;
  try {
    return decoder.decode(body as ArrayBuffer);
  } catch {
    return undefined;
  }
}

function isModelKey(key: string): boolean {
  // Some servers match keys without regard to case.
  const lower = key.toLowerCase();
  return lower === 'model' || lower === 'models';
}

function readList(field: JsonField | undefined): readonly string[] | undefined {
  if (!field || field.value === null) return [];
  const { value } = field;
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined;
}

/** Reads what a governed call names, from the bytes that go on the wire. */
export function readModels(call: ModelCall, body: unknown): NamedModels | UndeterminedModel {
  const text = bodyText(body);
  if (text === undefined) return { fault: 'The request body is not JSON text that can be inspected.' };
  const fields = readJsonFields(text, isModelKey);
  if (!fields) return { fault: 'The request body is not a JSON object.' };
  const byName = (name: string): JsonField[] => fields.filter(({ key }) => key.toLowerCase() === name);
  const [models, lists] = [byName('model'), byName('models')];
  if (models.length > 1 || lists.length > 1) return { fault: 'The request body names the model more than once.' };
  const others = readList(lists[0]);
  if (!others) return { fault: 'The "models" of the request body is not a list of strings.' };
  if (call.deployment !== undefined) return { model: call.deployment, others };
  const [field] = models;
  if (field?.key !== 'model' || typeof field.value !== 'string')
    return { fault: 'The request body has no "model" that is a string.' };
  return { model: field.value, others, inBody: { text, fields } };
}

/** The body with another model in it; everything else keeps its bytes. A `models` list is emptied, since nothing in it was asked for. */
export function withModel({ text, fields }: NonNullable<NamedModels['inBody']>, model: string): string {
  let body = text;
  for (const field of fields.toSorted((a, b) => b.start - a.start)) {
    const value = field.key === 'model' ? JSON.stringify(model) : 'null';
    body = body.slice(0, field.start) + value + body.slice(field.end);
  }
  return body;
}
