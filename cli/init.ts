import { writeFile } from 'node:fs/promises';

import { TEMPLATES } from './templates.ts';
import type { CommonOptions, ExitCode } from './terminal.ts';
import { EXIT, UsageError, print, printJson } from './terminal.ts';

/** Writes a policy to begin with. A file that is there already stays as it is. */
export async function init({ policy, json, template }: CommonOptions & { template: string }): Promise<ExitCode> {
  const path = policy ?? 'controlzero.yaml';
  if (!/\.ya?ml$/iu.test(path))
    throw new UsageError(`init writes YAML: give a file name ending in .yaml, not ${path}.`);
  try {
    await writeFile(path, TEMPLATES[template] ?? '', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UsageError(`${path} is there already; it was left as it is. Give --policy <file> for another one.`);
  }
  if (json) printJson({ policy: path, template });
  else print(`Wrote ${path} (${template}). Next: controlzero validate`);
  return EXIT.fine;
}
