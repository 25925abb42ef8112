import { inspect } from 'node:util';

import { describe, expect, test } from 'vitest';

import { redactError } from '../../src/secrets/redact-error.ts';
import { Redactor } from '../../src/secrets/redactor.ts';
import { SecretValue } from '../../src/secrets/secret-value.ts';

const VALUE = 'sk-live/9+Zq"ä&%=Wb7 xK';
const PEM =
  '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQDX\n-----END PRIVATE KEY-----\n';

function redactorOf(values: Readonly<Record<string, string>>): Redactor {
  const redactor = new Redactor();
  redactor.learn(
    Object.entries(values).map(([name, value]) => new SecretValue(`[secret ${name}]`, new TextEncoder().encode(value))),
  );
  return redactor;
}

const bytes = Buffer.from(VALUE);

describe('a redactor', () => {
  test.each<readonly [string, string]>([
    ['raw', VALUE],
    ['JSON', JSON.stringify({ key: VALUE })],
    ['a URL', `https://host/?key=${encodeURIComponent(VALUE)}&x=1`],
    ['base64', bytes.toString('base64')],
    ['base64url', bytes.toString('base64url')],
    ['the base64 of a header of basic authentication', Buffer.from(`user:${VALUE}`).toString('base64')],
    ['base64 behind two bytes', Buffer.from(`ab${VALUE}cd`).toString('base64')],
    ['hexadecimal', bytes.toString('hex')],
    ['hexadecimal in capitals', bytes.toString('hex').toUpperCase()],
  ])('takes a value out of %s', (_, text) => {
    const redacted = redactorOf({ openai: VALUE }).redact(`before ${text} after`);
    expect(redacted).toContain('[secret openai]');
    for (const part of ['9+Zq', 'Wb7', encodeURIComponent(VALUE), bytes.toString('base64').slice(4, 20)])
      expect(redacted).not.toContain(part);
    expect(redacted.startsWith('before ')).toBe(true);
    expect(redacted.endsWith(' after')).toBe(true);
  });

  test('takes out every occurrence of every value, the longer of two that begin alike', () => {
    const redactor = redactorOf({ short: 'abcdefgh', long: 'abcdefghijkl' });
    expect(redactor.redact('abcdefgh, abcdefghijkl;abcdefghij')).toBe('[secret short], [secret long];[secret short]ij');
  });

  test('takes out the beginning of a value that was cut', () => {
    const value = 'k'.repeat(5) + '0123456789'.repeat(30);
    expect(redactorOf({ long: value }).redact(`x${value.slice(0, 200)}…`)).toBe('x[secret long]…');
    expect(redactorOf({ long: value }).redact(value.slice(0, 31))).toBe(value.slice(0, 31));
  });

  test('takes the lines of a key out of a printed object', () => {
    const redacted = redactorOf({ pem: PEM }).redact(inspect({ key: PEM }));
    expect(redacted).not.toContain('MIIEvQIBADANBgkqhkiG');
    expect(redacted).not.toContain('EFAASCBKcwggSjAg');
  });

  test('takes out API keys that it was never told', () => {
    expect(redactorOf({}).redact('with cz_live_0123456789abcdef and cz_test_0123456789abcdef!')).toBe(
      'with [API key] and [API key]!',
    );
    expect(redactorOf({}).redact('cz_live_…')).toBe('cz_live_…');
  });

  test('leaves everything else as it is, and does not look for less than 8 characters', () => {
    const text = 'The model gpt-4 is denied for agent support. '.repeat(50);
    expect(redactorOf({ openai: VALUE, short: 'support' }).redact(text)).toBe(text);
    expect(redactorOf({}).redact('')).toBe('');
  });

  test('goes on to recognize a value that was wiped', () => {
    const redactor = new Redactor();
    const value = new SecretValue('[secret openai]', new TextEncoder().encode(VALUE));
    expect(redactor.redact(VALUE)).toBe(VALUE);
    redactor.learn([value]);
    redactor.learn([value]);
    value.clear();
    expect(redactor.redact(VALUE)).toBe('[secret openai]');
  });

  test('remembers all values that are live, and a bounded number of those that were', () => {
    const redactor = new Redactor();
    const values = Array.from({ length: 6000 }, (_, index) => `${String(index).padStart(5, '0')}-rotated`);
    const live = values.slice(0, 10).map((value) => new SecretValue('[live]', new TextEncoder().encode(value)));
    redactor.learn(live);
    for (const value of values.slice(10)) {
      redactor.learn([...live, new SecretValue('[was]', new TextEncoder().encode(value))]);
    }
    expect(redactor.redact(values.slice(0, 10).join())).toBe(Array.from(live, () => '[live]').join());
    expect(redactor.redact(values.at(-2) ?? '')).toBe('[was]');
    expect(redactor.redact(values[10] ?? '')).toBe(values[10]);
  });
});

describe('redactError', () => {
  const redact = (text: string): string => redactorOf({ openai: VALUE }).redact(text);

  test('reaches message, stack, causes, lists of errors and plain data, in place', () => {
    const cause = Object.assign(new Error(`inner ${VALUE}`), { headers: { authorization: `Bearer ${VALUE}` } });
    const error = Object.assign(new AggregateError([new Error(`listed ${VALUE}`)], `outer ${VALUE}`, { cause }), {
      problems: [{ found: VALUE }],
    });
    expect(inspect(error, { showHidden: true, depth: 10 })).toContain('9+Zq');
    expect(redactError(error, redact)).toBe(error);
    expect(inspect(error, { showHidden: true, depth: 10 })).not.toContain('9+Zq');
    expect(error.message).toBe('outer [secret openai]');
    expect(error.stack).toContain('outer [secret openai]');
    expect(cause.headers.authorization).toBe('Bearer [secret openai]');
    expect(error.problems).toEqual([{ found: '[secret openai]' }]);
  });

  test('removes what is neither an error nor plain data', () => {
    const headers = new Headers({ authorization: VALUE });
    const error = Object.assign(new Error('x', { cause: headers }), { request: { headers } });
    expect(redactError(error, redact)).toMatchObject({
      cause: '[object Headers]',
      request: { headers: '[object Headers]' },
    });
  });

  test('copes with circles, getters, frozen objects and what is no error', () => {
    const circle = new Error(`a ${VALUE}`);
    circle.cause = circle;
    expect(redactError(circle, redact).message).toBe('a [secret openai]');
    const getter = Object.defineProperty(new Error('x'), 'lazy', {
      get: () => {
        throw new Error('read');
      },
    });
    expect(redactError(getter, redact)).toBe(getter);
    expect(redactError(Object.freeze({ a: VALUE }), redact)).toEqual({ a: VALUE });
    expect([redactError(5, redact), redactError(undefined, redact), redactError(VALUE, redact)]).toEqual([
      5,
      undefined,
      '[secret openai]',
    ]);
  });
});
