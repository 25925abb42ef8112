import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { format, formatWithOptions, inspect } from 'node:util';
import { serialize } from 'node:v8';

/** Everything of a client that could get out of the process. */
export interface Exposed {
  readonly client: object;
  readonly errors: readonly unknown[];
  readonly status: unknown;
  readonly events: readonly unknown[];
  /** What the logger and the process were told. */
  readonly lines: readonly string[];
  /** Where files are written. */
  readonly folder: string;
}

const DEEP = { showHidden: true, depth: 12, maxArrayLength: null, maxStringLength: null, getters: true } as const;

function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && !chain.includes(at); at = at.cause) chain.push(at);
  return chain;
}

function cloned(value: unknown): string {
  try {
    return inspect(structuredClone(value), DEEP);
  } catch (error) {
    return inspect(error, DEEP);
  }
}

function serialized(value: unknown): Uint8Array {
  try {
    return serialize(value);
  } catch (error) {
    return Buffer.from(inspect(error, DEEP));
  }
}

// Own properties and those of all prototypes, symbols and getters included.
function walk(value: unknown, seen: Set<unknown> = new Set()): string[] {
  if (typeof value !== 'object' || value === null) return [String(value)];
  if (seen.has(value) || seen.size > 5000) return [];
  seen.add(value);
  const texts: string[] = [];
  for (
    let owner: object | null = value;
    owner && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    for (const key of Reflect.ownKeys(owner)) {
      try {
        texts.push(String(key), ...walk(Reflect.get(owner, key, value), seen));
      } catch (error) {
        texts.push(String(error));
      }
    }
  }
  return texts;
}

function filesIn(folder: string): Buffer {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Buffer.concat(
    // A key file holds the key: that is what it is for.
    entries
      .filter(({ name }) => !name.endsWith('.key'))
      .map((entry) => Buffer.concat([Buffer.from(entry.name), readFileSync(join(entry.parentPath, entry.name))])),
  );
}

async function posted(value: unknown): Promise<string> {
  const { port1, port2 } = new MessageChannel();
  try {
    const received = new Promise<unknown>((resolve) => {
      port2.addEventListener('message', (event) => resolve((event as MessageEvent).data), { once: true });
    });
    port2.start();
    port1.postMessage(value);
    return inspect(await received, DEEP);
  } catch (error) {
    return inspect(error, DEEP);
  } finally {
    port1.close();
  }
}

type Sink = (exposed: Exposed) => string | Uint8Array | Promise<string>;

/** Ways for a text to get out. */
export const SINKS: Readonly<Record<string, Sink>> = {
  'JSON of the client': ({ client }) => JSON.stringify(client),
  'JSON of the errors': ({ errors }) => JSON.stringify(errors),
  'JSON of the status': ({ status }) => JSON.stringify(status),
  'JSON of the events': ({ events }) => JSON.stringify(events),
  'own and hidden JSON of the errors': ({ errors }) =>
    JSON.stringify(
      errors.map((error) =>
        Object.fromEntries(
          Object.getOwnPropertyNames(error).map((key) => [key, String(Reflect.get(error as object, key))]),
        ),
      ),
    ),
  'the printed client': ({ client }) => inspect(client, DEEP),
  'the printed errors': ({ errors }) => inspect(errors, DEEP),
  'the printed events': ({ events }) => inspect(events, DEEP),
  'the printed status': ({ status }) => inspect(status, DEEP),
  'the client in a template': ({ client }) => `${JSON.stringify({ client })}${String(Object.entries(client).flat())}`,
  'the errors in a template': ({ errors }) => errors.map((error) => `error: ${String(error)}`).join('\n'),
  'messages along the causes': ({ errors }) =>
    errors
      .flatMap(chainOf)
      .map(({ message }) => message)
      .join('\n'),
  'stacks along the causes': ({ errors }) =>
    errors
      .flatMap(chainOf)
      .map(({ stack }) => stack)
      .join('\n'),
  'a structured clone of the client': ({ client }) => cloned(client),
  'a structured clone of the errors': ({ errors }) => errors.map(cloned).join('\n'),
  'a structured clone of the status and events': ({ status, events }) => cloned(status) + events.map(cloned).join('\n'),
  'serialized errors': ({ errors }) => Buffer.concat(errors.map(serialized)),
  'serialized status and events': ({ status, events }) => Buffer.concat([status, ...events].map(serialized)),
  'what is posted to a worker': async ({ errors, status, events }) => posted([errors, status, events]),
  'console formats': ({ client, errors, status }) =>
    [client, status, ...errors].map((value) => format('%s %j %o %O', value, value, value, value)).join('\n'),
  'console formats in colors': ({ client, errors }) =>
    [client, ...errors].map((value) => formatWithOptions({ colors: true, ...DEEP }, '%O', value)).join('\n'),
  'every property of the client': ({ client }) => walk(client).join('\n'),
  'every property of the errors': ({ errors }) => errors.flatMap((error) => walk(error)).join('\n'),
  'every property of the events': ({ events }) => events.flatMap((event) => walk(event)).join('\n'),
  'logger and process warnings': ({ lines }) => lines.join('\n'),
  'files that were written': ({ folder }) => filesIn(folder),
};
