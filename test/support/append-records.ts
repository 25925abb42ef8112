import { init, modelRequest } from '../../src/index.ts';
import { recordFile } from '../../src/node/index.ts';

// A process that records decisions into a file that others write as well, until it is told to stop or is killed.
const [path = '', name = '', count = '0', maxBytes = '0'] = process.argv.slice(2);
const limits = Number(maxBytes) > 0 ? { maxBytes: Number(maxBytes), maxFiles: 1000 } : {};
const policy = { rules: [{ effect: 'allow', action: 'llm.generate', resource: '*' }] } as const;
const cz = await init({ policy, records: recordFile(path, limits), agentId: name });
for (let made = 0; made < Number(count); made += 1) {
  cz.evaluate(modelRequest({ action: 'llm.generate', model: `m-${made}` }));
  if (made % 50 === 49) await cz.flush();
}
await cz.close();
process.stdout.write(JSON.stringify(cz.status().audit));
