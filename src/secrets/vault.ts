import { MAX_SECRET_BYTES, isSecretName } from '../bundle/secret-entries.ts';
import { SecretUnavailableError } from './secret-errors.ts';
import { SecretValue } from './secret-value.ts';

/** What one exchange of all values changed, by name. */
export interface SecretChanges {
  readonly added: readonly string[];
  readonly rotated: readonly string[];
  readonly removed: readonly string[];
}

/** What a name of a secret is, for messages. */
export const SECRET_NAME_RULE = "1 to 128 letters, digits, '.', '_' and '-'";

const MOST_SECRETS = 10_000;

/** What is wrong with a name and its value, as a sentence without either's text; undefined when nothing is. */
export function faultOfSecret(name: string, bytes: Uint8Array): string | undefined {
  if (!isSecretName(name)) return `A name of a secret is ${SECRET_NAME_RULE}; this one is not.`;
  if (bytes.length === 0 || bytes.length > MAX_SECRET_BYTES)
    return `A secret has 1 to ${MAX_SECRET_BYTES} bytes; ${name} has ${bytes.length}.`;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return `A secret is UTF-8 text; ${name} is not.`;
  }
  return undefined;
}

function checkAll(values: ReadonlyMap<string, Uint8Array>): void {
  const faults = Array.from(values, ([name, bytes]) => faultOfSecret(name, bytes));
  if (values.size > MOST_SECRETS) faults.push(`There are ${values.size} secrets; at most ${MOST_SECRETS} are taken.`);
  const message = faults.find((fault) => fault !== undefined);
  if (message !== undefined) throw new SecretUnavailableError({ reasonCode: 'INVALID', message });
}

/** Secrets in memory. They are exchanged whole: a reader sees the old ones or the new ones. */
export class Vault {
  #values: ReadonlyMap<string, SecretValue> = new Map();

  get size(): number {
    return this.#values.size;
  }

  values(): Iterable<SecretValue> {
    return this.#values.values();
  }

  /** The value of a secret, or undefined when there is none of that name. */
  reveal(name: string): string | undefined {
    return this.#values.get(name)?.reveal();
  }

  /**
   * Takes new values in place of all old ones, whose bytes are filled with zeros.
   * @throws {SecretUnavailableError} `INVALID` for a name or a value that cannot be one; nothing changes then
   */
  exchange(values: ReadonlyMap<string, Uint8Array>): SecretChanges {
    checkAll(values);
    const old = this.#values;
    const names = [...values.keys()];
    const rotated = names.filter((name) => old.get(name)?.equals(values.get(name) as Uint8Array) === false);
    const changes = {
      rotated,
      added: names.filter((name) => !old.has(name)),
      removed: [...old.keys()].filter((name) => !values.has(name)),
    };
    this.#values = new Map(
      names.map((name) => [name, new SecretValue(`[secret ${name}]`, values.get(name) as Uint8Array)]),
    );
    for (const value of old.values()) value.clear();
    return changes;
  }

  clear(): void {
    this.exchange(new Map());
  }
}
