import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/** Runs with a context manager of OpenTelemetry. It is one of the process, and the cases without an SDK have none. */
export async function inContexts(run: () => unknown): Promise<unknown> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  try {
    return await run();
  } finally {
    context.disable();
  }
}
