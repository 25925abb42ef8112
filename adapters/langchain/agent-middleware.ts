import { ToolMessage } from '@langchain/core/messages';

import type { ControlZero } from '../../src/index.ts';
import { PolicyDeniedError, TOOL_CALL } from '../../src/index.ts';
import { ambientConfig, claimedAgent } from './claimed-agent.ts';
import { runnableGovernor } from './govern-runnable.ts';
import type { LangChainOptions } from './langchain-options.ts';
import { readOptions } from './langchain-options.ts';

/** Options of the middleware of one agent. */
export interface ControlZeroMiddlewareOptions extends LangChainOptions {
  /**
   * Whether calls of tools are governed as `tool.call` on `tool/<name>`. Default: false, because no match
   * is a denial, and a policy that only speaks of models would deny every tool.
   */
  readonly tools?: boolean;
  /**
   * What becomes of a denied tool call: the model reads a message and goes on, or the agent stops with the
   * error. Default: `message`.
   */
  readonly onToolDenied?: 'message' | 'throw';
}

/** What the middleware needs of a model request. */
export interface ModelRequestLike {
  readonly model: unknown;
}

/** What the middleware needs of a tool call. */
export interface ToolCallRequestLike {
  readonly toolCall: { readonly name: string; readonly id?: string };
}

/** The middleware, as `createAgent` of `langchain` takes it. */
export interface ControlZeroMiddleware {
  name: string;
  /** Calls the next handler with a governed model. */
  wrapModelCall<Request extends ModelRequestLike, Response>(
    request: Request,
    handler: (request: Request) => Response,
  ): Response;
  /** Only with `tools: true`. */
  wrapToolCall?<Request extends ToolCallRequestLike, Response>(
    request: Request,
    handler: (request: Request) => Promise<Response> | Response,
  ): Promise<Response | ToolMessage>;
}

// createMiddleware() of langchain makes such an object and nothing else. Without it langchain need not be there.
const BRAND = Symbol.for('AgentMiddleware');
const OWN_OPTIONS = ['modelId', 'trustMetadata', 'tools', 'onToolDenied'] as const;

const governingTools = new WeakSet<ControlZero>();
const warned = new WeakSet<ControlZero>();

function warnOfTools(cz: ControlZero): void {
  if (warned.has(cz) || governingTools.has(cz) || !cz.policyNames(TOOL_CALL)) return;
  warned.add(cz);
  cz.logger.warn(
    'The policy has rules for tool.call, and nothing enforces them: pass { tools: true } to controlZeroMiddleware().',
  );
}

function checkToolOptions({ tools = false, onToolDenied = 'message' }: ControlZeroMiddlewareOptions): void {
  if (typeof tools !== 'boolean') throw new TypeError('controlZeroMiddleware() takes true or false as tools.');
  if (!['message', 'throw'].includes(onToolDenied))
    throw new TypeError("controlZeroMiddleware() takes 'message' or 'throw' as onToolDenied.");
}

/**
 * Middleware for `createAgent` of `langchain`: every model call of the agent is governed, whichever model
 * it is, and with `tools: true` every tool call.
 *
 * It puts a governed model in place of the one in the request, so a middleware that exchanges the model
 * further inside would get past it: **put it last**. Middleware that call a model of their own
 * (summarization, tool selection, tool emulation, fallbacks) need a model governed by `governChatModel`.
 * The `langchain` package wraps errors of models in a `MiddlewareError`: find the denial by
 * `findPolicyDenied(error)`.
 *
 * The agent of a call is found as in `governChatModel`. A model that was governed with an `agentId` keeps
 * it; with another one here, both have to be allowed.
 *
 * @throws {TypeError} when `cz` is no `ControlZero`, or an option is of the wrong kind
 *
 * @example
 * ```ts
 * import { init } from '@controlzero/sdk';
 * import { controlZeroMiddleware } from '@controlzero/sdk/langchain';
 * import { ChatOpenAI } from '@langchain/openai';
 * import { createAgent } from 'langchain';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * const agent = createAgent({
 *   model: new ChatOpenAI({ model: 'gpt-4', apiKey: 'sk-example' }),
 *   tools: [],
 *   middleware: [controlZeroMiddleware(cz, { agentId: 'support' })],
 * });
 * ```
 */
export function controlZeroMiddleware(
  cz: ControlZero,
  options: ControlZeroMiddlewareOptions = {},
): ControlZeroMiddleware {
  const owner = 'controlZeroMiddleware()';
  const { gate } = readOptions({ owner, cz, options, ownOptions: OWN_OPTIONS });
  checkToolOptions(options);
  const { tools = false, onToolDenied = 'message', ...modelOptions } = options;
  const { trustMetadata = true } = modelOptions;
  const govern = runnableGovernor({ owner, cz, options: modelOptions });
  const middleware: ControlZeroMiddleware = {
    name: 'ControlZero',
    wrapModelCall: (request, handler) => {
      if (!tools) warnOfTools(cz);
      return handler({ ...request, model: govern(request.model) });
    },
  };
  if (tools) {
    governingTools.add(cz);
    middleware.wrapToolCall = async (request, handler) => {
      const { name, id = '' } = request.toolCall;
      const metadata = claimedAgent({ callee: {}, config: trustMetadata ? ambientConfig() : undefined });
      try {
        await gate.enforceTool(name, metadata);
      } catch (error) {
        if (onToolDenied === 'throw' || !(error instanceof PolicyDeniedError)) throw error;
        return new ToolMessage({ content: error.message, tool_call_id: id, name, status: 'error' });
      }
      return handler(request);
    };
  }
  return Object.assign(middleware, { [BRAND]: true });
}
