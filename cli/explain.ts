import type { Explanation, Mismatch, PolicyRequest } from '../src/index.ts';
import { init } from '../src/index.ts';
import { policySource } from './find-policy.ts';
import type { CommonOptions, ExitCode } from './terminal.ts';
import { EXIT, UsageError, colour, print, printJson, showEffect } from './terminal.ts';

type Value = string | number | boolean;

export interface ExplainOptions extends CommonOptions {
  readonly agent?: string;
  readonly context?: readonly string[];
}

// As in YAML: 3 is a number and true a boolean, "3" in quotes is a text.
function readValue(text: string): Value {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : text;
  } catch {
    return text;
  }
}

function readContext({ agent, context = [] }: ExplainOptions): Record<string, Value> {
  const entries = context.map((pair): [string, Value] => {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`--context takes key=value, not ${JSON.stringify(pair)}.`);
    return [pair.slice(0, at), readValue(pair.slice(at + 1))];
  });
  return { ...(agent !== undefined && { agent_id: agent }), ...Object.fromEntries(entries) };
}

function showMismatch({ part, key, accepted, found }: Mismatch): string {
  const what = key === undefined ? part : `${part} ${key}`;
  return `${what}: ${JSON.stringify(found)} is not ${accepted.map((one) => JSON.stringify(one)).join(' or ')}`;
}

function printExplanation(request: PolicyRequest, { decision, rules }: Explanation): void {
  print(`${showEffect(decision.effect)} ${request.action} on ${request.resource} (${decision.reasonCode})`);
  print(decision.reason);
  for (const { rule, effect, outcome, mismatches } of rules) {
    const why = mismatches.map(showMismatch).join('; ');
    print(`  ${colour('dim', outcome.padEnd(11))} ${effect.padEnd(5)} ${rule}${why === '' ? '' : `  ${why}`}`);
  }
}

/** Decides one request and says of every rule why it did or did not match. */
export async function explain(action: string, resource: string, options: ExplainOptions): Promise<ExitCode> {
  const request = { action, resource, context: readContext(options) };
  const cz = await init({ source: await policySource(options.policy) });
  const explanation = cz.explain(request);
  await cz.close();
  if (options.json) printJson({ request, ...explanation });
  else printExplanation(request, explanation);
  return explanation.decision.allowed ? EXIT.fine : EXIT.failed;
}
