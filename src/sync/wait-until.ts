const HOLDERS = ['@vercel/request-context', '@next/request-context'] as const;

interface RequestContext {
  get?(): { readonly waitUntil?: (work: Promise<unknown>) => void } | undefined;
}

/**
 * Lets the platform keep a frozen-between-requests process up until some work is done. Where no
 * platform offers that, the work simply goes on.
 */
export function waitUntil(work: Promise<unknown>): void {
  for (const name of HOLDERS) {
    const holder = Reflect.get(globalThis, Symbol.for(name)) as RequestContext | undefined;
    try {
      const context = holder?.get?.();
      if (!context?.waitUntil) continue;
      context.waitUntil(work);
      return;
    } catch {
      // Outside a request some platforms throw here.
    }
  }
}

function environment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as {
    readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
  };
  return process?.env ?? {};
}

/** Whether this process is frozen between requests, so that a stream would be dead when it wakes up. */
export function isFrozenBetweenRequests(): boolean {
  return environment()['AWS_LAMBDA_FUNCTION_NAME'] !== undefined || environment()['VERCEL'] !== undefined;
}

/** Whether a framework is building the application: modules run, and no timer may outlive them. */
export function isBuildPhase(): boolean {
  return environment()['NEXT_PHASE'] === 'phase-production-build';
}
