// Shows what happens to each call of an application under a policy, through every adapter.
// `npm run demo`, or with `-- --adapter langchain`, `-- --hosted`, `-- --json`.
import { Command, Option } from 'commander';

import { chooseProvider } from '../support/provider.ts';
import { drivers } from './drivers.ts';
import { playChapter } from './play-chapter.ts';
import { jsonReport, tableReport } from './report.ts';
import { chapters } from './scenes.ts';

const adapters = [...drivers.map(({ name }) => name), 'all'];
const command = new Command('demo')
  .description('What happens to each call of an application under a policy.')
  .addOption(new Option('--adapter <name>', 'the adapter that the calls go through').choices(adapters).default('all'))
  .option('--hosted', 'policies on a control plane, which runs on this machine, instead of in code and files')
  .option('--json', 'one JSON document instead of tables')
  .parse();
const {
  adapter,
  hosted: isHosted = false,
  json,
} = command.opts<{ readonly adapter: string; readonly hosted?: true; readonly json?: true }>();

const provider = await chooseProvider();
const report = json ? jsonReport() : tableReport();
report.start(isHosted ? `${provider.name}; policies come from a control plane on this machine` : provider.name);
for (const driver of drivers.filter(({ name }) => adapter === 'all' || name === adapter)) {
  report.adapter(driver);
  for (const chapter of chapters) await playChapter({ driver, provider, report, isHosted }, chapter);
}
report.end();
await provider.close();
