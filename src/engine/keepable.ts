import type { AttributeReading } from '../policy/context-values.ts';

const LONGEST = 256;

/** Whether a resource or context value is short enough to be kept beside a decision: at most 256 characters. */
export function isKeepable(value: AttributeReading): boolean {
  return typeof value !== 'string' || value.length <= LONGEST;
}
