import { describe } from 'vitest';

import { describeDecisions } from './adapter-conformance-decisions.ts';
import { describeErrors } from './adapter-conformance-errors.ts';
import { describeIdentity } from './adapter-conformance-identity.ts';
import { describePostures } from './adapter-conformance-postures.ts';
import type { AdapterUnderTest } from './adapter-stage.ts';

/**
 * What every adapter has to do, whichever framework it is for: real framework objects, a real server,
 * a denial proven by no request at all and an allowed call by exactly one.
 */
export function describeAdapterConformance(name: string, adapter: AdapterUnderTest): void {
  describe(`${name} conforms`, () => {
    describeDecisions(adapter);
    describeIdentity(adapter);
    describeErrors(adapter);
    describePostures(adapter);
  });
}
