import type { PlainRequest, PlainRule } from './peers/peer.ts';

// The same policies and requests in every run.
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) | 0;
    return (this.#state >>> 8) % bound;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const FAMILIES = ['gpt', 'claude', 'gemini', 'llama', 'mistral', 'qwen', 'phi', 'command', 'grok', 'nova'] as const;
const SIZES = ['mini', 'small', 'large', 'turbo', 'pro', 'flash', 'instruct', 'preview'] as const;
const SHARED = Array.from({ length: 40 }, (_, index) => `${FAMILIES[index % 10]}-${index % 7}-${SIZES[index % 8]}`);
const ACTION = 'llm.generate';

/** Ids of models, as many as are asked for and all different. */
function modelId(number: number): string {
  const family = FAMILIES[number % FAMILIES.length] ?? '';
  const size = SIZES[Math.floor(number / 10) % SIZES.length] ?? '';
  return `${family}-${Math.floor(number / 80)}-${size}`;
}

// Shares in per cent: literals 45, prefixes 20, namespaces 5, suffixes and infixes 9, "?" 5, sets 3, lists 4, and 9
// where models are shared and the agent decides.
const MIX: readonly (readonly [share: number, pattern: (id: string, number: number) => string])[] = [
  [45, (id) => id],
  [20, (id) => `${id}*`],
  [5, (_, number) => `tenant-${number}/*`],
  [5, (_, number) => `*-ft${number}`],
  [4, (_, number) => `*tuned${number}x*`],
  [5, (id, number) => `${id}-?-${number % 100}`],
  [3, (id) => `${id}-[0-9]*`],
  [4, (id) => `${id}-{latest,stable}`],
  [9, (_, number) => SHARED[number % SHARED.length] ?? ''],
];

function patternFor(number: number, roll: number): string {
  let left = roll;
  for (const [share, pattern] of MIX) {
    if (left < share) return pattern(modelId(number), number);
    left -= share;
  }
  return modelId(number);
}

/** The four rules of the README, and synthetic policies of every other size. */
export function mixedRules(count: number): PlainRule[] {
  if (count === 4) {
    return [
      { effect: 'allow', action: ACTION, resource: 'model/gpt-4', agent: 'premium-*' },
      { effect: 'allow', action: ACTION, resource: 'model/gpt-3.5-turbo' },
      { effect: 'deny', action: ACTION, resource: 'model/gpt-4-turbo*' },
      { effect: 'allow', action: 'embedding.generate', resource: 'model/text-embedding-3-small' },
    ];
  }
  const dice = new Dice(count);
  return Array.from({ length: count }, (_, number): PlainRule => {
    const roll = dice.below(100);
    const isConditional = roll >= 91 || dice.below(4) === 0;
    return {
      effect: number % 3 === 2 ? 'deny' : 'allow',
      action: ACTION,
      resource: `model/${patternFor(number, roll)}`,
      ...(isConditional && { agent: `team-${number % 997}-*` }),
    };
  });
}

function requestOf(id: string, agent: string): PlainRequest {
  return { action: ACTION, resource: `model/${id}`, context: { agent_id: agent } };
}

// Ids that some rule of a policy of this size is about, some by a suffix of their own, and some that none is.
function idFor(dice: Dice, count: number): string {
  const number = dice.below(count);
  const kind = dice.below(10);
  if (kind < 4) return modelId(number);
  if (kind < 6) return `${modelId(number)}-2026-${dice.below(10_000)}`;
  if (kind === 6) return `tenant-${number}/${modelId(dice.below(50))}`;
  if (kind === 7) return SHARED[number % SHARED.length] ?? '';
  if (kind === 8) return `own-${dice.below(100_000)}-ft${number}`;
  return `unknown-${dice.below(1_000_000)}`;
}

/** A request that the last rule decides, asked again and again. It measures what is remembered. */
export function hotRequest(count: number): PlainRequest {
  if (count === 4) return requestOf('gpt-4-turbo-2026', 'premium-1');
  return requestOf(modelId(count - 1), `team-${(count - 1) % 997}-a`);
}

/** 12 models and 64 agents, everything built anew for each call, as an adapter does. */
export function freshRequests(count: number): () => PlainRequest {
  const dice = new Dice(7);
  const given = ['gpt-4', 'gpt-3.5-turbo', 'gpt-4-turbo-2026'];
  const ids = Array.from({ length: 12 }, (_, index) => (count === 4 && index < 9 ? given[index % 3] : undefined)).map(
    (id) => id ?? idFor(dice, count),
  );
  const agents = Array.from({ length: 64 }, (_, index) =>
    index % 2 === 0 ? `team-${dice.below(997)}-a` : `premium-${index}`,
  );
  let turn = 0;
  return () => {
    turn += 1;
    return requestOf(ids[turn % 12] ?? '', agents[(turn * 5) % 64] ?? '');
  };
}

const DIFFERENT = 32_768;

/** More different requests than any memo holds, one after the other. */
export function unseenRequests(count: number): () => PlainRequest {
  const dice = new Dice(11);
  const known = ['gpt-4', 'gpt-3.5-turbo', 'gpt-4-turbo', 'gpt-4o'];
  const requests = Array.from({ length: DIFFERENT }, (_, index) => {
    const id = count === 4 ? `${known[index % 4]}${index % 3 === 0 ? '' : `-${index}`}` : idFor(dice, count);
    return requestOf(id, `${index % 2 === 0 ? 'team' : 'premium'}-${dice.below(997)}-${index}`);
  });
  let turn = 0;
  return () => {
    turn = (turn + 1) % DIFFERENT;
    return requests[turn] as PlainRequest;
  };
}

/** One kind of rule alone, with a request that one of its rules decides and one that none does. */
export interface Shape {
  readonly name: string;
  readonly rule: (number: number) => PlainRule | WideRule;
  readonly hit: (number: number) => PlainRequest;
  readonly miss: (number: number) => PlainRequest;
}

/** A rule with conditions on other keys than `agent_id`. */
export interface WideRule extends PlainRule {
  readonly conditions: Readonly<Record<string, string>>;
}

function shape(name: string, pattern: (number: number) => string, id: (number: number) => string): Shape {
  return {
    name,
    rule: (number) => ({ effect: 'allow', action: ACTION, resource: `model/${pattern(number)}` }),
    hit: (number) => requestOf(id(number), 'team-1-a'),
    miss: (number) => requestOf(`none-${number}-0-zz`, 'team-1-a'),
  };
}

function word(number: number, length: number): string {
  let text = '';
  let rest = number;
  for (let at = 0; at < length; at += 1) {
    text += String.fromCodePoint(97 + (rest % 26));
    rest = Math.floor(rest / 26);
  }
  return text;
}

function sharedModel(name: string, agentPattern: (number: number) => string): Shape {
  return {
    name,
    rule: (number) => ({ effect: 'allow', action: ACTION, resource: 'model/gpt-4', agent: agentPattern(number) }),
    hit: (number) => requestOf('gpt-4', `team-${number}-a`),
    miss: (number) => requestOf('gpt-4', `nobody-${number}`),
  };
}

const manyKeys: Shape = {
  name: 'one model, N condition keys',
  rule: (number) => ({
    effect: 'allow',
    action: ACTION,
    resource: 'model/gpt-4',
    conditions: { [`key_${number}`]: 'yes' },
  }),
  hit: (number) => ({ ...requestOf('gpt-4', 'team-1-a'), context: { agent_id: 'team-1-a', [`key_${number}`]: 'yes' } }),
  miss: (number) => ({ ...requestOf('gpt-4', 'team-1-a'), context: { agent_id: 'team-1-a', [`key_${number}`]: 'no' } }),
};

/** Every shape of rule that a policy may be full of. */
export const SHAPES: readonly Shape[] = [
  shape('literals', modelId, modelId),
  shape(
    'prefixes',
    (number) => `${modelId(number)}*`,
    (number) => `${modelId(number)}-2026`,
  ),
  shape(
    'suffixes',
    (number) => `*-ft${number}`,
    (number) => `own-1-ft${number}`,
  ),
  shape(
    'infixes of 4 letters and more',
    (number) => `*${word(number * 7919, 6)}*`,
    (number) => `x-${word(number * 7919, 6)}-y`,
  ),
  {
    ...shape(
      'infixes of 3 letters and less',
      (number) => `*${word(number * 31, 1 + (number % 3))}*`,
      (number) => `0-${word(number * 31, 1 + (number % 3))}-1`,
    ),
    miss: (number) => requestOf(`0-${number}-1-2`, 'team-1-a'),
  },
  shape(
    '"?" and sets in the middle',
    (number) => (number % 2 === 0 ? `m?del-${number}-x` : `m[a-o]del-${number}-x`),
    (number) => `model-${number}-x`,
  ),
  shape(
    'lists',
    (number) => `${modelId(number)}-{latest,stable}`,
    (number) => `${modelId(number)}-stable`,
  ),
  sharedModel('one model, N agents', (number) => `team-${number}-a`),
  sharedModel('one model, N agent patterns', (number) => `team-${number}-*`),
  manyKeys,
];
