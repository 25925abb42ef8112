// Writes the JSON Schema of policy documents, for editors, from the schema that the parser uses.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { policyJsonSchema } from './policy-json-schema.ts';

const file = join(dirname(fileURLToPath(import.meta.url)), '..', 'schema', 'policy.schema.json');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(policyJsonSchema(), undefined, 2)}\n`);
console.log('schema: schema/policy.schema.json');
