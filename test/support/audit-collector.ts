import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

// A collector of audit entries in a process of its own, which may be killed: what it has acknowledged is
// in its file. How it behaves is told by the messages it gets.
export type CollectorMode = 'up' | 'slow' | 'flapping';

const [file = '', port = '0'] = process.argv.slice(2);
const SLOW_MS = 30;
const PHASE_MS = 150;
let mode: CollectorMode = 'up';

/** What happens at this moment: stored and acknowledged, stored and lost, or refused. */
function phase(): 'answer' | 'lose' | 'refuse' | 'reset' {
  if (mode !== 'flapping') return 'answer';
  return (['answer', 'refuse', 'answer', 'lose', 'answer', 'reset'] as const)[
    Math.floor(Date.now() / PHASE_MS) % 6
  ] as 'answer';
}

function answer(body: string, response: ServerResponse): void {
  const now = phase();
  if (now === 'reset') return void response.destroy();
  if (now === 'refuse') return void response.writeHead(503).end();
  const { entries } = JSON.parse(body) as { readonly entries: readonly { readonly id: string }[] };
  appendFileSync(file, entries.map(({ id }) => `${id}\n`).join(''));
  if (now === 'lose') return void response.destroy();
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ accepted: entries.length, dropped: 0 }));
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  request.on('error', () => undefined);
  request.on('end', () => {
    if (mode === 'slow') setTimeout(() => answer(body, response), SLOW_MS);
    else answer(body, response);
  });
});
process.on('message', (next: CollectorMode) => (mode = next));
server.listen(Number(port), '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
