import type { Decide, Peer, PlainRule } from './peer.ts';
import { load, regExpSource } from './peer.ts';

type Test = (text: string) => boolean;
type CompileGlob = (pattern: string) => Test;

// What comes nearest to the patterns of our policies.
const OPTIONS = {
  bash: true,
  dot: true,
  nonegate: true,
  noextglob: true,
  posix: true,
  strictSlashes: true,
  flags: 's',
};

function loop(rules: readonly PlainRule[], compile: CompileGlob): Decide {
  const compiled = rules.map(({ effect, action, resource, agent }) => ({
    isAllow: effect === 'allow',
    action,
    matchesResource: compile(resource),
    matchesAgent: agent === undefined ? undefined : compile(agent),
  }));
  return ({ action, resource, context }) => {
    for (const rule of compiled) {
      if (rule.action !== action || !rule.matchesResource(resource)) continue;
      if (rule.matchesAgent && !rule.matchesAgent(context.agent_id)) continue;
      return rule.isAllow;
    }
    return false;
  };
}

/** The obvious way: the glob library asked for each rule. */
export const micromatchPerRule: Peer = {
  name: 'micromatch per rule',
  isExact: true,
  mostRules: 1000,
  open: async (rules) => {
    const { default: micromatch } = await load<{
      default: { isMatch: (text: string, pattern: string, options: object) => boolean };
    }>('micromatch');
    return loop(rules, (pattern) => (text) => micromatch.isMatch(text, pattern, OPTIONS));
  },
};

/** Matchers made once. */
export const picomatchLoop: Peer = {
  name: 'picomatch, precompiled',
  isExact: true,
  mostRules: 10_000,
  open: async (rules) => {
    const { default: picomatch } = await load<{ default: (pattern: string, options: object) => Test }>('picomatch');
    return loop(rules, (pattern) => picomatch(pattern, OPTIONS));
  },
};

/** Regular expressions made once: the fastest loop there is. */
export const regExpLoop: Peer = {
  name: 'RegExp, precompiled',
  isExact: true,
  mostRules: 100_000,
  open: async (rules) =>
    loop(rules, (pattern) => {
      const expression = new RegExp(regExpSource(pattern));
      return (text) => expression.test(text);
    }),
};
