import { methodOf } from './derive.ts';

/** The methods of embeddings that applications call. */
export const EMBEDDING_METHODS = ['embedQuery', 'embedDocuments'] as const;

/** Whether a value can embed texts. */
export function isEmbeddings(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    EMBEDDING_METHODS.every((name) => methodOf(value, name) !== undefined)
  );
}
