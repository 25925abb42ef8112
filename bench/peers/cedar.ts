import type { Peer, PlainRule } from './peer.ts';
import { load } from './peer.ts';

interface Cedar {
  readonly preparsePolicySet: (id: string, policies: object) => { readonly type: string };
  readonly statefulIsAuthorized: (call: object) => {
    readonly type: string;
    readonly response: { readonly decision: string };
  };
}

const STARS_ONLY = /[?[\]{}]/gu;

function toCedar({ effect, action, resource, agent }: PlainRule): string {
  const head = effect === 'allow' ? 'permit' : 'forbid';
  const like = (pattern: string): string => JSON.stringify(pattern.replaceAll(STARS_ONLY, '*'));
  const conditions = [`context.resource like ${like(resource)}`];
  if (agent !== undefined) conditions.push(`context.agent_id like ${like(agent)}`);
  return `${head}(principal, action == Action::${JSON.stringify(action)}, resource) when { ${conditions.join(' && ')} };`;
}

/** Another meaning: a deny wins wherever it stands, and the star is the only wildcard. */
export const cedar: Peer = {
  name: 'cedar-wasm (deny wins, stars only)',
  isExact: false,
  mostRules: 1000,
  open: async (rules) => {
    const { preparsePolicySet, statefulIsAuthorized } = await load<Cedar>('@cedar-policy/cedar-wasm/nodejs');
    const id = `bench-${rules.length}`;
    const parsed = preparsePolicySet(id, { staticPolicies: rules.map(toCedar).join('\n') });
    if (parsed.type !== 'success') throw new Error(`Cedar refuses the policies: ${JSON.stringify(parsed)}`);
    return ({ action, resource, context }) => {
      const answer = statefulIsAuthorized({
        principal: { type: 'Agent', id: context.agent_id },
        action: { type: 'Action', id: action },
        resource: { type: 'Model', id: 'model' },
        context: { resource, agent_id: context.agent_id },
        preparsedPolicySetId: id,
        preparsedSchemaName: null,
        validateRequest: false,
        entities: [],
      });
      if (answer.type !== 'success') throw new Error(`Cedar fails: ${JSON.stringify(answer)}`);
      return answer.response.decision === 'allow';
    };
  },
};
