import type { Peer } from './peer.ts';
import { load, regExpSource } from './peer.ts';

interface GrowthBook {
  readonly GrowthBookClient: new () => {
    initSync(options: { readonly payload: object }): unknown;
    isOn(feature: string, user: { readonly attributes: object }): boolean;
  };
}

/** A feature flag whose rules are evaluated in this process. */
export const growthBook: Peer = {
  name: 'GrowthBook, local',
  isExact: true,
  mostRules: 10_000,
  open: async (rules) => {
    const { GrowthBookClient } = await load<GrowthBook>('@growthbook/growthbook');
    const client = new GrowthBookClient();
    const flagRules = rules.map(({ effect, action, resource, agent }) => ({
      condition: {
        action,
        resource: { $regex: regExpSource(resource) },
        ...(agent !== undefined && { agent_id: { $regex: regExpSource(agent) } }),
      },
      force: effect === 'allow',
    }));
    client.initSync({ payload: { features: { access: { defaultValue: false, rules: flagRules } } } });
    return ({ action, resource, context }) =>
      client.isOn('access', { attributes: { action, resource, agent_id: context.agent_id } });
  },
};

interface LaunchDarkly {
  readonly init: (
    key: string,
    options: object,
  ) => {
    waitForInitialization(options: object): Promise<unknown>;
    variation(flag: string, context: object, otherwise: boolean): Promise<boolean>;
  };
}

interface TestDataModule {
  readonly TestData: new () => { usePreconfiguredFlag(flag: object): void; getFactory(): unknown };
}

function clause(attribute: string, op: string, value: string): object {
  return { attribute, op, values: [value], negate: false, contextKind: 'user' };
}

/** The same with LaunchDarkly, its test data in place of a connection. */
export const launchDarkly: Peer = {
  name: 'LaunchDarkly, local',
  isExact: true,
  mostRules: 1000,
  open: async (rules) => {
    const { init } = await load<LaunchDarkly>('@launchdarkly/node-server-sdk');
    const { TestData } = await load<TestDataModule>('@launchdarkly/node-server-sdk/integrations');
    const data = new TestData();
    data.usePreconfiguredFlag({
      key: 'access',
      on: true,
      version: 1,
      variations: [false, true],
      offVariation: 0,
      fallthrough: { variation: 0 },
      rules: rules.map(({ effect, action, resource, agent }, id) => ({
        id: String(id),
        variation: effect === 'allow' ? 1 : 0,
        clauses: [
          clause('action', 'in', action),
          clause('resource', 'matches', regExpSource(resource)),
          ...(agent === undefined ? [] : [clause('agent_id', 'matches', regExpSource(agent))]),
        ],
      })),
    });
    const quiet = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
    const client = init('sdk-key', {
      updateProcessor: data.getFactory(),
      sendEvents: false,
      diagnosticOptOut: true,
      logger: quiet,
    });
    await client.waitForInitialization({ timeout: 10 });
    return ({ action, resource, context }) =>
      client.variation('access', { kind: 'user', key: 'k', action, resource, agent_id: context.agent_id }, false);
  },
};
