const DEEPEST = 8;

function isPlain(value: object): boolean {
  if (Array.isArray(value) || value instanceof Error) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

// A request, a response or a set of headers behind an error holds the key it was sent with.
function isForeignCause(key: PropertyKey, value: unknown): boolean {
  return key === 'cause' && typeof value === 'object' && value !== null && !isPlain(value);
}

function redactProperty(owner: object, key: PropertyKey, redactValue: (value: unknown) => unknown): void {
  const { value: before, ...flags } = Object.getOwnPropertyDescriptor(owner, key) ?? {};
  if (flags.get) return;
  const after = isForeignCause(key, before) ? undefined : redactValue(before);
  if (after !== before) Reflect.defineProperty(owner, key, { ...flags, value: after });
}

// The engine keeps it behind a getter and a setter.
function redactStack(error: Error, redact: (text: string) => string): void {
  const { stack } = error;
  if (typeof stack !== 'string') return;
  const redacted = redact(stack);
  if (redacted !== stack) Reflect.set(error, 'stack', redacted);
}

/**
 * Takes values of secrets out of an error, in place: message, stack, causes, and the plain data it
 * carries. A cause that is no error and no plain data is removed.
 */
export function redactError<Thrown>(error: Thrown, redact: (text: string) => string): Thrown {
  const seen = new Set<unknown>();
  const walk = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return redact(value);
    if (typeof value !== 'object' || value === null || depth > DEEPEST || seen.has(value) || !isPlain(value))
      return value;
    seen.add(value);
    if (value instanceof Error) redactStack(value, redact);
    for (const key of Reflect.ownKeys(value)) redactProperty(value, key, (inner) => walk(inner, depth + 1));
    return value;
  };
  return walk(error, 0) as Thrown;
}
