import { ControlZeroError } from '../../src/index.ts';

type BaseErrorClass = abstract new (...parameters: never[]) => Error;

const prototypes = new WeakMap<BaseErrorClass, WeakMap<object, object>>();

function ownErrorClass(client: object): BaseErrorClass | undefined {
  const errorClass: unknown = Reflect.get(client.constructor, 'OpenAIError');
  return typeof errorClass === 'function' ? (errorClass as unknown as BaseErrorClass) : undefined;
}

function rebased(prototype: object, base: BaseErrorClass): object {
  const made = Object.create(base.prototype as object) as object;
  const chain: object[] = [];
  for (
    let at: unknown = prototype;
    typeof at === 'object' && at !== null && at !== Error.prototype;
    at = Object.getPrototypeOf(at)
  )
    chain.unshift(at);
  for (const level of chain) Object.defineProperties(made, Object.getOwnPropertyDescriptors(level));
  return made;
}

function rebasedPrototype(error: ControlZeroError, base: BaseErrorClass): object {
  const prototype = Object.getPrototypeOf(error) as object;
  const known = prototypes.get(base) ?? new WeakMap<object, object>();
  prototypes.set(base, known);
  const made = known.get(prototype) ?? rebased(prototype, base);
  known.set(prototype, made);
  return made;
}

/**
 * Makes our error an instance of the client's own `OpenAIError` as well.
 *
 * The stream helpers of the client (`.stream()`, `.runTools()`, `responses.stream()`) replace every error
 * that is not an `OpenAIError` by one that is. Our classes recognize themselves by a brand that the
 * error carries, so `instanceof PolicyDeniedError` still holds. It is not an `APIError`: nothing retries it.
 */
export function asClientError(error: unknown, client: object): unknown {
  const base = ownErrorClass(client);
  if (!base || !(error instanceof ControlZeroError) || error instanceof base) return error;
  return Object.setPrototypeOf(error, rebasedPrototype(error, base)) as unknown;
}
