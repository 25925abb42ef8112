import type { PolicyDocument } from '../src/index.ts';
import { findPolicyDenied, init } from '../src/index.ts';
import { startLocalProvider } from '../src/testing/index.ts';
import type { CommonOptions, ExitCode } from './terminal.ts';
import { EXIT, print, printJson, showEffect } from './terminal.ts';

const POLICY: PolicyDocument = {
  name: 'demo',
  rules: [
    {
      id: 'premium',
      effect: 'allow',
      action: 'llm.generate',
      resource: 'model/gpt-4',
      conditions: { agent_id: 'premium-*' },
    },
    { id: 'everybody', effect: 'allow', action: 'llm.generate', resource: 'model/gpt-3.5-turbo' },
  ],
};

const CALLS = [
  ['premium-support', 'gpt-4'],
  ['basic-support', 'gpt-4'],
  ['basic-support', 'gpt-3.5-turbo'],
  ['premium-support', 'gpt-4-turbo'],
] as const;

/** Makes governed calls to a server on this machine; a denied call never reaches it. */
export async function demo({ json }: CommonOptions): Promise<ExitCode> {
  const provider = await startLocalProvider();
  const cz = await init({ policy: POLICY });
  const rows: { agent: string; model: string; effect: string; sent: number }[] = [];
  for (const [agent, model] of CALLS) {
    const before = provider.requests.length;
    let effect = 'deny';
    try {
      const request = { action: 'llm.generate', resource: `model/${model}`, context: { agent_id: agent } };
      effect = (await cz.enforce(request)).effect;
      const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] });
      const headers = { 'content-type': 'application/json' };
      await fetch(`${provider.baseURL}/chat/completions`, { method: 'POST', headers, body });
    } catch (error) {
      if (!findPolicyDenied(error)) throw error;
    }
    rows.push({ agent, model, effect, sent: provider.requests.length - before });
  }
  await cz.close();
  await provider.close();
  if (json) printJson(rows);
  else {
    for (const { agent, model, effect, sent } of rows)
      print(
        `${agent.padEnd(16)} ${model.padEnd(14)} ${showEffect(effect)}${' '.repeat('allow'.length - effect.length)}  requests sent: ${sent}`,
      );
  }
  return EXIT.fine;
}
