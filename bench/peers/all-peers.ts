import { casbin } from './casbin.ts';
import { casl } from './casl.ts';
import { cedar } from './cedar.ts';
import { growthBook, launchDarkly } from './flags.ts';
import { jsonRulesEngine } from './json-rules-engine.ts';
import { micromatchPerRule, picomatchLoop, regExpLoop } from './loops.ts';
import type { Peer } from './peer.ts';

/** Everything the engine is measured beside. */
export const ALL_PEERS: readonly Peer[] = [
  regExpLoop,
  picomatchLoop,
  micromatchPerRule,
  casl,
  growthBook,
  launchDarkly,
  casbin,
  jsonRulesEngine,
  cedar,
];
