import { cosineSimilarity, embedMany } from 'ai';

import { governedProvider } from '@/lib/governed-provider.ts';
import { HANDBOOK } from '@/lib/handbook.ts';
import { EMBEDDING_MODEL } from '@/lib/models.ts';
import { BAD_REQUEST, NOT_SIGNED_IN } from '@/lib/problem.ts';
import { problemResponse, refusalResponse } from '@/lib/refusal.ts';
import { currentUser } from '@/lib/session.ts';

const MOST_RESULTS = 3;

async function readQuery(request: Request): Promise<string | undefined> {
  const body: unknown = await request.json().catch(() => undefined);
  const query: unknown = typeof body === 'object' && body !== null && 'query' in body ? body.query : undefined;
  return typeof query === 'string' && query.trim() !== '' ? query.slice(0, 500) : undefined;
}

export async function POST(request: Request): Promise<Response> {
  const user = await currentUser();
  if (!user) return problemResponse(NOT_SIGNED_IN);
  const query = await readQuery(request);
  if (query === undefined) return problemResponse(BAD_REQUEST);

  try {
    const provider = await governedProvider(user);
    // Six passages are embedded with the query. A handbook of more would keep its vectors.
    const values = [query, ...HANDBOOK.map(({ text }) => text)];
    const { embeddings } = await embedMany({ model: provider.embedding(EMBEDDING_MODEL), values });
    const [wanted = [], ...passages] = embeddings;
    const ranked = HANDBOOK.map(({ title, text }, index) => ({
      title,
      text,
      score: cosineSimilarity(wanted, passages[index] ?? []),
    }));
    return Response.json(ranked.toSorted((a, b) => b.score - a.score).slice(0, MOST_RESULTS));
  } catch (error) {
    return refusalResponse(error);
  }
}
