import type { BenchCase } from './bench-case.ts';
import type { InstalledTracer } from './installed-peers.ts';

/** What stands in the title of a group in which tracers are measured. */
export function besides(tracers: readonly InstalledTracer[]): string {
  return tracers.length === 0 ? '' : ', beside tracing products';
}

// So many calls at least share the sending of what was traced, where a call is not long itself.
const CALLS_PER_SENDING = 10;

/**
 * A case whose calls a tracer traces; what it sends is paid for at the end of each batch. Fails when one that is on
 * sends nothing, and when one that is off does.
 */
export async function tracedCase(tracer: InstalledTracer, benchCase: BenchCase): Promise<BenchCase> {
  const run = async (times: number): Promise<unknown> => tracer.tracing(async () => benchCase.run(times));
  const before = tracer.sent();
  await run(1);
  const sent = tracer.sent() - before;
  if (sent > 0 !== tracer.isOn) throw new Error(`"${tracer.name}" has sent ${sent} times.`);
  return { leastCalls: tracer.isOn ? CALLS_PER_SENDING : 1, ...benchCase, run };
}
