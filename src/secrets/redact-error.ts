const DEEPEST = 8;

function isPlain(value: object): boolean {
  if (Array.isArray(value) || value instanceof Error) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

// A request, a response or a set of headers holds the key it was sent with, where nobody can reach it.
function labelOf(value: object): string {
  return Object.prototype.toString.call(value);
}

function redactProperty(owner: object, key: PropertyKey, redactValue: (value: unknown) => unknown): void {
  const { value: before, ...flags } = Object.getOwnPropertyDescriptor(owner, key) ?? {};
  if (flags.get) return;
  const after = redactValue(before);
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
 * carries. What is neither an error nor plain data gives way to the name of its kind.
 */
export function redactError<Thrown>(error: Thrown, redact: (text: string) => string): Thrown {
  const seen = new Set<unknown>();
  const walk = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return redact(value);
    if (typeof value !== 'object' || value === null || seen.has(value)) return value;
    if (depth > DEEPEST || !isPlain(value)) return labelOf(value);
    seen.add(value);
    if (value instanceof Error) redactStack(value, redact);
    for (const key of Reflect.ownKeys(value)) redactProperty(value, key, (inner) => walk(inner, depth + 1));
    return value;
  };
  return walk(error, 0) as Thrown;
}
