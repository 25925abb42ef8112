import { policyOverview } from '@/lib/policy-overview.ts';
import { NOT_SIGNED_IN } from '@/lib/problem.ts';
import { problemResponse } from '@/lib/refusal.ts';
import { currentUser } from '@/lib/session.ts';

/** What the signed-in user may do now; the page asks again while it is open. */
export async function GET(): Promise<Response> {
  const user = await currentUser();
  if (!user) return problemResponse(NOT_SIGNED_IN);
  return Response.json(await policyOverview(user), { headers: { 'cache-control': 'no-store' } });
}
