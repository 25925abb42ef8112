import type { EngineOptions } from '../src/engine/compile.ts';
import type { Bench, BenchCase, BenchGroup } from './bench-case.ts';
import { syncCase } from './bench-case.ts';
import { Subject } from './engine-subject.ts';
import type { Shape } from './engine-workload.ts';
import { SHAPES, freshRequests, hotRequest, mixedRules, unseenRequests } from './engine-workload.ts';
import type { PlainRequest } from './peers/peer.ts';

const SIZES = [100, 1000, 10_000, 100_000] as const;
const DIFFERENT = 8192;
const NO_MEMO: EngineOptions = { remembered: 0 };

function label(count: number): string {
  return `${count.toLocaleString('en')} rules`;
}

type Cases = [BenchCase, ...BenchCase[]];

// All over the rules, in an order that no cache of the processor can foresee.
function spread(count: number, request: (number: number) => PlainRequest): () => PlainRequest {
  const requests = Array.from({ length: DIFFERENT }, (_, index) => request((index * 7919 + 13) % count));
  let turn = 0;
  return () => {
    turn = (turn + 1) % DIFFERENT;
    return requests[turn] as PlainRequest;
  };
}

function shapeGroup(shape: Shape, kind: 'hit' | 'miss', subjects: readonly Subject[]): BenchGroup {
  const cases = subjects.map((subject, index) => {
    const count = SIZES[index] ?? 0;
    const next = spread(count, shape[kind]);
    const isDecided = subject.decide(next()).reasonCode === 'RULE_MATCH';
    if (isDecided !== (kind === 'hit')) throw new Error(`${shape.name}: a ${kind} is none.`);
    return syncCase(label(count), () => subject.decide(next()));
  });
  return { title: `${shape.name}, ${kind}, memo off`, cases: cases as Cases };
}

/** One shape of rule alone, at sizes from 100 to 100,000. */
function shapeBench(shape: Shape, number: number): Bench {
  return {
    name: `shape-${number}`,
    isLong: number > 0,
    mostRounds: 150,
    open: async () => {
      const subjects = SIZES.map((count) => {
        const rules = Array.from({ length: count }, (_, at) => shape.rule(at));
        return new Subject(rules, NO_MEMO);
      });
      return [shapeGroup(shape, 'hit', subjects), shapeGroup(shape, 'miss', subjects)];
    },
  };
}

/** Every shape, one bench each. */
export const shapeBenches: readonly Bench[] = SHAPES.map(shapeBench);

/** The mix of rules at sizes from 100 to 100,000. */
export const growth: Bench = {
  name: 'growth',
  mostRounds: 200,
  open: async () => {
    const subjects = SIZES.map((count) => [count, mixedRules(count)] as const).map(
      ([count, rules]) => [count, new Subject(rules), new Subject(rules, NO_MEMO)] as const,
    );
    const streams = [
      ['hot', (count: number) => constant(hotRequest(count))],
      ['fresh', freshRequests],
      ['never seen', unseenRequests],
    ] as const;
    return streams.flatMap(([title, next]) =>
      (['memo on', 'memo off'] as const).map((memo) => ({
        title: `Growth, mixed rules, ${title}, ${memo}`,
        cases: subjects.map(([count, on, off]) => {
          const ask = next(count);
          const subject = memo === 'memo on' ? on : off;
          return syncCase(label(count), () => subject.decide(ask()));
        }) as Cases,
      })),
    );
  },
};

function constant<T>(value: T): () => T {
  return () => value;
}
