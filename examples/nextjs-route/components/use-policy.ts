'use client';

import { useCallback, useEffect, useState } from 'react';

import type { PolicyOverview } from '@/lib/policy-overview.ts';

const INTERVAL_MS = 2000;

/** The policy as it is now, and a way to ask again at once. */
export interface CurrentPolicy {
  readonly policy: PolicyOverview;
  readonly refresh: () => Promise<void>;
}

/** Keeps what the page shows of the policy current. What is enforced never depends on it. */
export function usePolicy(initial: PolicyOverview): CurrentPolicy {
  const [policy, setPolicy] = useState(initial);
  const refresh = useCallback(async (): Promise<void> => {
    // A page that cannot reach the server keeps showing what it knew.
    const response = await fetch('/api/policy').catch(() => undefined);
    if (response?.ok) setPolicy((await response.json()) as PolicyOverview);
  }, []);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void refresh();
    }, INTERVAL_MS);
    return (): void => clearInterval(timer);
  }, [refresh]);
  return { policy, refresh };
}
