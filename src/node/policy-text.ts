import type * as yamlModule from 'yaml';
import type { Document, LineCounter } from 'yaml';

import { PolicyInvalidError, messageOf } from '../errors.ts';
import type { Locate, Position } from '../policy/parse.ts';
import type { PathStep, PolicyProblem } from '../policy/problem.ts';

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

function syntaxProblem(message: string, accepted: string, position: Position): PolicyProblem {
  return { path: '', message, found: 'broken syntax', accepted, ...position };
}

/**
 * Parses a policy written in JSON.
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` with line and column
 */
export function parseJsonText(text: string, origin: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/u, '')) as unknown;
  } catch (cause) {
    // The engine quotes the text around the fault; only its position is wanted here.
    const offset = /position (\d+)/u.exec(messageOf(cause))?.[1];
    const position = positionAt(text, offset === undefined ? text.length : Number(offset));
    throw new PolicyInvalidError({
      origin,
      cause,
      problems: [syntaxProblem('The text is not valid JSON.', 'JSON', position)],
    });
  }
}

async function readYaml(text: string): Promise<{ yaml: typeof yamlModule; document: Document; lines: LineCounter }> {
  // Loaded on demand: only authoring files need it.
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  return {
    yaml,
    lines,
    document: yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true }),
  };
}

function placeOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/**
 * Parses a policy written in YAML 1.2.
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` with line and column of every syntax fault
 */
export async function parseYamlText(text: string, origin: string): Promise<unknown> {
  const { document, lines } = await readYaml(text);
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const problems = faults.map((fault) =>
      syntaxProblem(`${fault.message.split('\n')[0]}.`, 'YAML 1.2', placeOf(lines, fault.pos[0])),
    );
    throw new PolicyInvalidError({ origin, problems });
  }
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (cause) {
    throw new PolicyInvalidError({
      origin,
      cause,
      problems: [syntaxProblem('The aliases do not resolve.', 'at most 100 aliases', { line: 1, column: 1 })],
    });
  }
}

function offsetOf(yaml: typeof yamlModule, document: Document, steps: readonly PathStep[]): number | undefined {
  const parent: unknown = steps.length === 1 ? document.contents : document.getIn(steps.slice(0, -1), true);
  const last = steps.at(-1);
  if (yaml.isMap(parent)) {
    const pair = parent.items.find(({ key }) => String(yaml.isScalar(key) ? key.value : key) === String(last));
    if (pair && yaml.isNode(pair.key)) return pair.key.range?.[0];
  }
  if (yaml.isSeq(parent) && typeof last === 'number') {
    const item = parent.items[last];
    if (yaml.isNode(item)) return item.range?.[0];
  }
  return undefined;
}

/** Finds places in the text of a policy, YAML or JSON: the key of a path, or of the nearest part that exists. */
export async function locateInYaml(text: string): Promise<Locate> {
  const { yaml, document, lines } = await readYaml(text);
  return (steps) => {
    for (let depth = steps.length; depth > 0; depth -= 1) {
      const offset = offsetOf(yaml, document, steps.slice(0, depth));
      if (offset !== undefined) return placeOf(lines, offset);
    }
    return { line: 1, column: 1 };
  };
}
