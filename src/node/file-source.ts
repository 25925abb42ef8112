import { PolicyInvalidError, PolicyUnavailableError, messageOf } from '../errors.ts';
import { revisionOf } from '../sources/revision.ts';
import type { ParsedText, PolicySnapshot, PolicySource } from '../sources/source.ts';
import { requireBuiltin } from './builtin.ts';
import { locateInYaml, parseJsonText, parseYamlText } from './policy-text.ts';

const LARGEST_FILE_BYTES = 16 * 1024 * 1024;
const REFRESH_INTERVAL_MS = 2000;
const SETTLED_AFTER_MS = 100;
const MOST_LOOKS = 20;

interface FileLook {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ageMs: number;
}

async function look(path: string): Promise<FileLook> {
  const { readFile, stat } = requireBuiltin('node:fs/promises', 'policyFile');
  const { size } = await stat(path);
  if (size > LARGEST_FILE_BYTES) throw new Error(`it has ${size} bytes; at most ${LARGEST_FILE_BYTES} are read`);
  const bytes = new Uint8Array(await readFile(path));
  const { mtimeMs } = await stat(path);
  return { bytes, ageMs: Math.abs(Date.now() - mtimeMs) };
}

// An editor that writes in place leaves a moment in which half a policy can be read, and half a YAML
// document is often a valid one with fewer rules. A file that was just written is therefore read again
// until it has been left alone for a while.
async function readSettled(path: string): Promise<Uint8Array<ArrayBuffer>> {
  let seen = await look(path);
  for (let looks = 1; seen.ageMs < SETTLED_AFTER_MS && looks < MOST_LOOKS; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, SETTLED_AFTER_MS - seen.ageMs));
    seen = await look(path);
  }
  return seen.bytes;
}

async function readFileOrThrow(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readSettled(path);
  } catch (error) {
    throw new PolicyUnavailableError({
      message: `The policy file ${path} cannot be read: ${messageOf(error)}. Check the path in policyFile or CONTROLZERO_POLICY_FILE.`,
      cause: error,
    });
  }
}

function decode(bytes: Uint8Array, origin: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const problem = {
      path: '',
      message: 'The file is not UTF-8 text.',
      found: 'other bytes',
      accepted: 'UTF-8',
      line: 1,
      column: 1,
    };
    throw new PolicyInvalidError({ origin, cause, problems: [problem] });
  }
}

async function parseText(text: string, path: string): Promise<ParsedText> {
  const isJson = path.toLowerCase().endsWith('.json');
  const document = isJson ? parseJsonText(text, path) : await parseYamlText(text, path);
  return { document, locator: () => locateInYaml(text) };
}

/**
 * A policy in a file: JSON when the name ends in `.json`, else YAML.
 *
 * Every read opens the path anew and the revision is the hash of the content, so atomic renames,
 * symlink swaps and the ConfigMap swap of Kubernetes are all seen. It is read every 2 seconds unless
 * `refreshInterval` says otherwise.
 *
 * @example
 * ```ts
 * import { ControlZero } from '@controlzero/sdk';
 * import { fileSource } from '@controlzero/sdk/node';
 *
 * const cz = new ControlZero({ source: fileSource('controlzero.yaml') });
 * ```
 */
export function fileSource(path: string): PolicySource {
  return {
    kind: 'file',
    refreshIntervalMs: REFRESH_INTERVAL_MS,
    read: async (): Promise<PolicySnapshot> => {
      const bytes = await readFileOrThrow(path);
      return {
        revision: await revisionOf(bytes),
        origin: path,
        parse: async () => parseText(decode(bytes, path), path),
      };
    },
  };
}
