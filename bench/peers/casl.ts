import type { Peer } from './peer.ts';
import { load, regExpSource } from './peer.ts';

interface Casl {
  readonly createMongoAbility: (rules: readonly object[]) => { can(action: string, subject: object): boolean };
  readonly subject: (type: string, object: object) => object;
}

/** The last rule that matches decides there, so the rules are turned round. */
export const casl: Peer = {
  name: 'CASL',
  isExact: true,
  mostRules: 10_000,
  open: async (rules) => {
    const { createMongoAbility, subject } = await load<Casl>('@casl/ability');
    const ability = createMongoAbility(
      rules.toReversed().map(({ effect, action, resource, agent }) => ({
        action,
        subject: 'Model',
        inverted: effect === 'deny',
        conditions: {
          resource: { $regex: regExpSource(resource) },
          ...(agent !== undefined && { agent_id: { $regex: regExpSource(agent) } }),
        },
      })),
    );
    return ({ action, resource, context }) =>
      ability.can(action, subject('Model', { resource, agent_id: context.agent_id }));
  },
};
