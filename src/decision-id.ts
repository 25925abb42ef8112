const RANDOM_BYTES = 14;
const IDS_OF_PREFIX = 4096;
const COUNTER_DIGITS = 4;

let prefix = '';
let left = 0;

function randomPrefix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * An id that no other decision has: 32 hexadecimal digits. Chance is asked for once in a while only,
 * because asking costs as much as several decisions; often enough for copies of a process to part soon.
 */
export function decisionId(): string {
  if (left === 0) {
    prefix = randomPrefix();
    left = IDS_OF_PREFIX;
  }
  left -= 1;
  return prefix + left.toString(16).padStart(COUNTER_DIGITS, '0');
}
