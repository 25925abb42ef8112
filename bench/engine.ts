import type { Decision } from '../src/index.ts';
import type { Bench, BenchCase, BenchGroup } from './bench-case.ts';
import { asyncCase, syncCase } from './bench-case.ts';
import { Subject } from './engine-subject.ts';
import { freshRequests, hotRequest, mixedRules, unseenRequests } from './engine-workload.ts';
import { installedPeers } from './installed-peers.ts';
import type { Decide, Peer, PlainRequest, PlainRule } from './peers/peer.ts';

type NextRequest = () => PlainRequest;

// What an unbounded cache of ready answers would cost: three look-ups. Nothing that looks at the request can be faster by much.
class Floor {
  readonly #answers = new Map<string, Map<string, Map<string, Decision>>>();

  learn({ action, resource, context }: PlainRequest, decision: Decision): void {
    const byResource = this.#answers.get(action) ?? new Map<string, Map<string, Decision>>();
    const byAgent = byResource.get(resource) ?? new Map<string, Decision>();
    this.#answers.set(action, byResource.set(resource, byAgent.set(context.agent_id, decision)));
  }

  find({ action, resource, context }: PlainRequest): Decision | undefined {
    return this.#answers.get(action)?.get(resource)?.get(context.agent_id);
  }
}

const CHECKED = 200;

// An engine that decides otherwise is not an engine for the same policies.
async function findDisagreement(decide: Decide, expected: Subject, next: NextRequest): Promise<PlainRequest | null> {
  for (let count = 0; count < CHECKED; count += 1) {
    const request = next();
    if ((await decide(request)) !== expected.decide(request).allowed) return request;
  }
  return null;
}

function peerCase(name: string, decide: Decide, next: NextRequest): BenchCase {
  const isAsync = decide(next()) instanceof Promise;
  return isAsync ? asyncCase(name, async () => decide(next())) : syncCase(name, () => decide(next()));
}

interface Stream {
  readonly title: string;
  readonly next: (count: number) => NextRequest;
}

const STREAMS: readonly Stream[] = [
  {
    title: 'hot: one request again and again',
    next: (count) => {
      const request = hotRequest(count);
      return () => request;
    },
  },
  { title: 'fresh: 12 models x 64 agents, built for each call', next: freshRequests },
  { title: 'never seen: 32,768 different requests', next: unseenRequests },
];

async function openPeers(rules: readonly PlainRule[], subject: Subject): Promise<[Peer, Decide][]> {
  const opened: [Peer, Decide][] = [];
  for (const peer of await installedPeers()) {
    if (rules.length > peer.mostRules) continue;
    const decide = await peer.open(rules);
    const other = peer.isExact ? await findDisagreement(decide, subject, unseenRequests(rules.length)) : null;
    if (other) throw new Error(`${peer.name} decides ${JSON.stringify(other)} otherwise.`);
    opened.push([peer, decide]);
  }
  return opened;
}

function groupOf(stream: Stream, rules: readonly PlainRule[], peers: readonly [Peer, Decide][]): BenchGroup {
  const subject = new Subject(rules);
  const unremembering = new Subject(rules, { remembered: 0 });
  const next = (): NextRequest => stream.next(rules.length);
  const floor = new Floor();
  const learning = next();
  for (let count = 0; count < 40_000; count += 1) {
    const request = learning();
    floor.learn(request, subject.decide(request));
  }
  const [forFloor, forSubject, forUnremembering] = [next(), next(), next()];
  return {
    title: `${rules.length} rules, ${stream.title}`,
    cases: [
      syncCase('FLOOR: answers in three Maps', () => floor.find(forFloor())),
      syncCase('@controlzero/sdk', () => subject.decide(forSubject())),
      syncCase('@controlzero/sdk, memo off', () => unremembering.decide(forUnremembering())),
      ...peers.map(([{ name }, decide]) => peerCase(name, decide, next())),
    ],
  };
}

/** Policies of one size, our engine beside every peer that takes them. */
export function engineBench(count: number): Bench {
  return {
    name: `engine-${count}`,
    isLong: count !== 4 && count !== 1000,
    mostRounds: 150,
    open: async () => {
      const rules = mixedRules(count);
      const peers = await openPeers(rules, new Subject(rules));
      return STREAMS.map((stream) => groupOf(stream, rules, peers));
    },
  };
}
