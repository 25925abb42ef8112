import { plainCopy } from '../policy/plain-copy.ts';
import type { PolicyDocument } from '../policy/types.ts';
import { revisionOf } from './revision.ts';
import type { PolicySource } from './source.ts';

/** A policy given in code. It is copied when the source is made, so later changes to the object have no effect. */
export function inlineSource(document: PolicyDocument): PolicySource {
  const { copy, faults } = plainCopy(document);
  // A document with faults is handed on as it is: the parser names every one of them.
  const taken = faults.length === 0 ? copy : document;
  return {
    kind: 'inline',
    refreshIntervalMs: 0,
    isFixed: true,
    read: async () => ({
      revision: await revisionOf(faults.length === 0 ? JSON.stringify(copy) : 'faulty'),
      origin: 'the policy option',
      parse: async () => ({ document: taken }),
    }),
  };
}
