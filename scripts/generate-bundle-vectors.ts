// Writes the scenarios of test/support as test/conformance/bundle-*.json, for readers in any language.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { vectorFiles } from '../test/support/bundle-vectors.ts';

const folder = fileURLToPath(new URL('../test/conformance', import.meta.url));
for (const [name, content] of vectorFiles()) {
  writeFileSync(join(folder, name), `${JSON.stringify(content, undefined, 2)}\n`);
}
