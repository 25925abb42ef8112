/** A model that the page offers. Whether it may be used is for the policy to say. */
export interface OfferedModel {
  readonly id: string;
  readonly name: string;
  readonly note: string;
}

export const CHAT_MODELS: readonly OfferedModel[] = [
  { id: 'gpt-3.5-turbo', name: 'GPT-3.5 Turbo', note: 'Fast' },
  { id: 'gpt-4', name: 'GPT-4', note: 'Thorough' },
  { id: 'gpt-4-turbo', name: 'GPT-4 Turbo', note: 'Long texts' },
];

/** What the search embeds with. */
export const EMBEDDING_MODEL = 'text-embedding-3-small';

/** Answers conversations that are too long for the others. */
export const LONG_TEXT_MODEL = 'gpt-4-turbo';

/** Characters from which on a conversation counts as long. */
export const LONG_TEXT_CHARACTERS = 2000;
