import { init } from '../src/index.ts';
import { findPolicy } from './find-policy.ts';
import type { CommonOptions, ExitCode } from './terminal.ts';
import { EXIT, count, print, printJson } from './terminal.ts';

/** Says which policy a client that starts here would use. */
export async function status({ policy, json }: CommonOptions): Promise<ExitCode> {
  const cz = await init({ policyFile: await findPolicy(policy) });
  const current = cz.status();
  await cz.close();
  if (json) printJson(current);
  else {
    print(`policy    ${current.policy?.origin}`);
    print(`revision  ${current.policy?.revision}`);
    print(`rules     ${count(current.policy?.rules ?? 0, 'rule')}`);
    print(`mode      ${current.mode}${current.failOpen ? ', fails open' : ', fails closed'}`);
  }
  return EXIT.fine;
}
