import { braintrust } from './braintrust.ts';
import { langfuse } from './langfuse.ts';
import { langSmith } from './langsmith.ts';
import type { Tracer } from './tracer.ts';

/** Every tracing product that calls are measured beside, off and on. */
export const ALL_TRACERS: readonly Tracer[] = [...langfuse, ...braintrust, ...langSmith];
