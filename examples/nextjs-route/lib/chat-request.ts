import 'server-only';
import type { UIMessage } from 'ai';
import { safeValidateUIMessages } from 'ai';

/** What the page asks for. */
export interface ChatRequest {
  readonly messages: UIMessage[];
  readonly model: string;
}

/** Reads the body of a chat request, or gives undefined when it is none. */
export async function readChatRequest(request: Request): Promise<ChatRequest | undefined> {
  const body: unknown = await request.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null) return undefined;
  const { messages, model } = body as { messages?: unknown; model?: unknown };
  const valid = await safeValidateUIMessages({ messages });
  return valid.success && typeof model === 'string' ? { messages: valid.data, model } : undefined;
}

/** Number of characters that a conversation has. */
export function lengthOf(messages: readonly UIMessage[]): number {
  const parts = messages.flatMap((message) => message.parts);
  return parts.reduce((length, part) => length + (part.type === 'text' ? part.text.length : 0), 0);
}
