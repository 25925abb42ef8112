// Two agents of a support desk under one policy: their models, their tools, and the embeddings of their handbook.
// Runs against a local server unless OPENAI_API_KEY is set. With `--json` it prints one JSON document.
import { init } from '@controlzero/sdk';
import type { ReceivedRequest } from '@controlzero/sdk/testing';
import { Command } from 'commander';

import { chooseProvider } from '../support/provider.ts';
import { supportDesk } from './policy.ts';
import type { TaskReport } from './report.ts';
import { formatTasks } from './report.ts';
import { supportTasks } from './tasks.ts';
import { watchTask } from './watch-task.ts';

// The local model answers what it has read last: the question, or the result of a tool.
function lastMessage({ json }: ReceivedRequest): string {
  const { messages = [] } = json as { readonly messages?: readonly { readonly content?: string }[] };
  return messages.at(-1)?.content ?? '';
}

const { json } = new Command('agent')
  .description('Two agents of a support desk under one policy.')
  .option('--json', 'one JSON document instead of tables')
  .parse()
  .opts<{ readonly json?: true }>();

const provider = await chooseProvider({ reply: lastMessage });
const cz = await init({ policy: supportDesk });
const watch = { cz, provider };
const tasks: TaskReport[] = [];
for (const task of supportTasks(watch)) tasks.push(await watchTask(watch, task));
console.log(
  json ? JSON.stringify({ tasks }, undefined, 2) : `Calls go to ${provider.name}.\n\n${formatTasks(tasks)}`.trimEnd(),
);
await cz.close();
await provider.close();
