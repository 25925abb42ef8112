import type { Context, ControlZero } from '../../src/index.ts';
import { Gate } from '../../src/index.ts';

/** Options of governed tools. */
export interface GovernToolsOptions {
  /** The agent of every call. Without it: that of `runAs()`, then that of the client. */
  readonly agentId?: string;
  /** Further attributes for the conditions of the policy. */
  readonly context?: Context;
}

type Execute = (...parameters: never[]) => unknown;

const OWNER = 'governTools()';

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function isGenerator(execute: Execute): boolean {
  return Object.prototype.toString.call(execute) === '[object AsyncGeneratorFunction]';
}

async function lastOf(values: AsyncIterable<unknown>): Promise<unknown> {
  let last: unknown;
  for await (const value of values) last = value;
  return last;
}

interface GovernedTool {
  readonly gate: Gate;
  readonly name: string;
  readonly execute: Execute;
}

function governExecute({ gate, name, execute }: GovernedTool): Execute {
  if (isGenerator(execute)) {
    return async function* governed(this: unknown, ...parameters: never[]) {
      await gate.enforceTool(name);
      yield* Reflect.apply(execute, this, parameters) as AsyncIterable<unknown>;
    };
  }
  return async function governed(this: unknown, ...parameters: never[]) {
    await gate.enforceTool(name);
    const output: unknown = await Reflect.apply(execute, this, parameters);
    // The framework would have to know before the decision that this is going to be more than one value.
    return isAsyncIterable(output) ? lastOf(output) : output;
  };
}

function governTool(gate: Gate, name: string, tool: unknown): unknown {
  const execute: unknown = typeof tool === 'object' && tool !== null ? Reflect.get(tool, 'execute') : undefined;
  if (typeof execute !== 'function') return tool;
  const source = tool as object;
  const copy = Object.create(
    Object.getPrototypeOf(source) as object | null,
    Object.getOwnPropertyDescriptors(source),
  ) as object;
  const value = governExecute({ gate, name, execute: execute.bind(source) as Execute });
  return Object.defineProperty(copy, 'execute', { value, writable: true, enumerable: true, configurable: true });
}

/**
 * Puts tools under the policy, as `tool.call` on `tool/<name>`: each is asked for when a model calls it,
 * before its `execute` runs. Gives back tools of the same type for `generateText`, `streamText` and agents.
 *
 * Only where you ask for it, because no match is a denial, and a policy that only speaks of models would
 * deny every tool. A denied tool is a tool that failed: the model reads the message of the denial and goes
 * on. Tools without `execute`, run by the provider or by the browser, stay as they are.
 *
 * A tool whose `execute` is an `async function*` keeps its preliminary results; one that merely returns an
 * iterable keeps the last.
 *
 * @throws {TypeError} when `tools` is no object of tools, `cz` is no `ControlZero`, or an option is of the
 * wrong kind
 *
 * @example
 * ```ts
 * import { openai } from '@ai-sdk/openai';
 * import { init } from '@controlzero/sdk';
 * import { governModel, governTools } from '@controlzero/sdk/ai-sdk';
 * import { generateText, tool } from 'ai';
 * import { z } from 'zod';
 *
 * const cz = await init({ policy: { rules: [
 *   { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
 *   { effect: 'allow', action: 'tool.call', resource: 'tool/weather' },
 * ] } });
 * const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `Sunny in ${city}.` });
 * const tools = governTools({ weather }, cz, { agentId: 'support' });
 * await generateText({ model: governModel(openai('gpt-4'), cz, { agentId: 'support' }), tools, prompt: 'Weather?' });
 * ```
 */
export function governTools<Tools extends object>(
  tools: Tools,
  cz: ControlZero,
  options: GovernToolsOptions = {},
): Tools {
  const gate = new Gate({ owner: OWNER, adapter: 'ai-sdk', cz, options });
  for (const name of ['fallback', 'modelAliases'])
    if (name in options) throw new TypeError(`${OWNER} has no option "${name}". Options are agentId, context.`);
  if (typeof tools !== 'object' || tools === null || Array.isArray(tools))
    throw new TypeError(`${OWNER} takes an object of tools, each under its name.`);
  const governed = Object.entries(tools).map(([name, tool]: [string, unknown]) => [name, governTool(gate, name, tool)]);
  return Object.fromEntries(governed) as Tools;
}
