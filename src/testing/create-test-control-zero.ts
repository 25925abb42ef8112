import { ControlZero } from '../client.ts';
import type { DecisionEvent } from '../events/decision-event.ts';
import type { ControlZeroOptions } from '../options.ts';
import type { PolicyDocument } from '../policy/types.ts';
import { inlineSource } from '../sources/inline.ts';
import type { PolicySource } from '../sources/source.ts';

/** Options of a test client: those of a client, without the ones that name a policy. */
export type TestControlZeroOptions = Omit<ControlZeroOptions, 'policy' | 'policyFile' | 'source' | 'apiKey'>;

/** A client for tests, with what it decided. */
export interface TestControlZero {
  readonly cz: ControlZero;
  /** Hands out the decisions so far, oldest first. */
  decisions(): Promise<readonly DecisionEvent[]>;
  /**
   * Replaces the policy, as an edit in the dashboard would.
   * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID`; the last good policy stays active
   */
  setPolicy(document: PolicyDocument): Promise<void>;
}

/**
 * A real client on a policy given in the test: nothing is mocked but the place the policy comes from.
 *
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the policy has problems
 *
 * @example
 * ```ts
 * import { createTestControlZero } from '@controlzero/sdk/testing';
 *
 * const { cz, decisions, setPolicy } = await createTestControlZero({ rules: [] });
 * cz.evaluate({ action: 'llm.generate', resource: 'model/gpt-4' }).allowed; // false
 * await setPolicy({ rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] });
 * cz.evaluate({ action: 'llm.generate', resource: 'model/gpt-4' }).allowed; // true
 * (await decisions()).length; // 2
 * ```
 */
export async function createTestControlZero(
  document: PolicyDocument,
  options: TestControlZeroOptions = {},
): Promise<TestControlZero> {
  let current = inlineSource(document);
  const source: PolicySource = {
    kind: 'test',
    refreshIntervalMs: 0,
    read: async (readOptions) => current.read(readOptions),
  };
  const cz = new ControlZero({ ...options, source });
  const events: DecisionEvent[] = [];
  cz.onDecision((event) => events.push(event));
  await cz.initialize();
  return {
    cz,
    decisions: async () => {
      await cz.flush();
      return [...events];
    },
    setPolicy: async (next) => {
      current = inlineSource(next);
      await cz.refresh();
    },
  };
}
