import type { Logger } from './logger.ts';
import type { PolicyDocument } from './policy/types.ts';
import type { RecordSink, WriteRecords } from './records/record-sink.ts';
import type { SecretsSource } from './secrets/secrets-source.ts';
import type { PolicySource } from './sources/source.ts';

type RecordSinks = RecordSink | WriteRecords | readonly (RecordSink | WriteRecords)[];

const LONGEST_INTERVAL_SECONDS = 86_400;

/** What an option takes. */
export interface OptionKind<Value> {
  readonly accepted: string;
  readonly accepts: (value: unknown) => boolean;
  /** Reads the text of an environment variable; undefined when it is not of this kind. */
  readonly read?: (text: string) => Value | undefined;
}

const hasMethods = (value: unknown, ...names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && names.every((name) => typeof Reflect.get(value, name) === 'function');

const isSeconds = (value: unknown): boolean =>
  typeof value === 'number' && value >= 0 && value <= LONGEST_INTERVAL_SECONDS;

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

export const TEXT: OptionKind<string> = {
  accepted: 'a text that is not empty',
  accepts: (value) => typeof value === 'string' && value.trim() !== '',
  read: (text) => text,
};
export const FLAG: OptionKind<boolean> = {
  accepted: 'true or false',
  accepts: (value) => typeof value === 'boolean',
  read: (text) => FLAGS.get(text.toLowerCase()),
};
export const SECONDS: OptionKind<number> = {
  accepted: `a number of seconds from 0 to ${LONGEST_INTERVAL_SECONDS}`,
  accepts: isSeconds,
  read: (text) => (isSeconds(Number(text)) ? Number(text) : undefined),
};
const KEY = /^[\da-f]{64}$/iu;
const isKeys = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((key) => typeof key === 'string' && KEY.test(key));
const splitKeys = (text: string): readonly string[] => text.split(',').map((key) => key.trim());

export const KEYS: OptionKind<readonly string[]> = {
  accepted: 'public keys of 64 hexadecimal digits each',
  accepts: isKeys,
  read: (text) => (isKeys(splitKeys(text)) ? splitKeys(text) : undefined),
};
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
export const COUNT: OptionKind<number> = {
  accepted: 'a whole number from 0 on',
  accepts: isCount,
  read: (text) => (/^\d+$/u.test(text) && isCount(Number(text)) ? Number(text) : undefined),
};
export const DOCUMENT: OptionKind<PolicyDocument> = {
  accepted: 'a policy, a list of policies or { policies: [...] }',
  accepts: (value) => typeof value === 'object' && value !== null,
};
export const NAMES: OptionKind<readonly string[]> = {
  accepted: 'a list of names',
  accepts: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
};
export const SOURCE: OptionKind<PolicySource & SecretsSource> = {
  accepted: 'an object with read()',
  accepts: (value) => hasMethods(value, 'read'),
};
const isSink = (value: unknown): boolean =>
  typeof value === 'function' ||
  (hasMethods(value, 'write') && typeof Reflect.get(value as object, 'name') === 'string');
export const SINKS: OptionKind<RecordSinks> = {
  accepted: 'a function, an object with a name and write(), or a list of these',
  accepts: (value) => (Array.isArray(value) ? value.every(isSink) : isSink(value)),
};
export const LOGGER: OptionKind<Logger> = {
  accepted: 'an object with debug(), info(), warn() and error()',
  accepts: (value) => hasMethods(value, 'debug', 'info', 'warn', 'error'),
};
export const FUNCTION: OptionKind<never> = {
  accepted: 'a function',
  accepts: (value) => typeof value === 'function',
};

/** One of some words. */
export function oneOf<Word extends string>(...words: readonly Word[]): OptionKind<Word> {
  return {
    accepted: words.map((word) => `'${word}'`).join(' or '),
    accepts: (value) => words.some((word) => word === value),
    read: (text) => words.find((word) => word === text),
  };
}
