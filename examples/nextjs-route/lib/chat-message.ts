import type { UIMessage } from 'ai';

/** A message of the chat; an answer says which model gave it. */
export type ChatMessage = UIMessage<{ readonly model?: string }>;

/** The text of a message. */
export function textOf({ parts }: ChatMessage): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
