import { printable } from './printable.ts';

/** One thing that is wrong with a policy document. */
export interface PolicyProblem {
  /** Where, for example `rules[3].conditions.agent_id`; empty for the document itself. */
  readonly path: string;
  /** What is wrong, as a sentence. */
  readonly message: string;
  /** What stands there, shortened. */
  readonly found: string;
  /** What may stand there. */
  readonly accepted: string;
  /** The accepted word that was probably meant. */
  readonly suggestion?: string;
  /** Line in the file, from 1. */
  readonly line?: number;
  /** Column in the file, from 1. */
  readonly column?: number;
}

/** A step into a document: a key or an index. */
export type PathStep = string | number;

/** A problem with the steps that lead to its place. */
export interface PlacedProblem {
  readonly steps: readonly PathStep[];
  readonly problem: PolicyProblem;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/u;

/** Writes a path the way JavaScript would: `policies[0].rules[3].action`. */
function formatPath(steps: readonly PathStep[]): string {
  let path = '';
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`;
    else if (IDENTIFIER.test(step)) path += path === '' ? step : `.${step}`;
    else path += `[${printable(JSON.stringify(step))}]`;
  }
  return path;
}

/** Puts a problem at a place. */
export function placeProblem(steps: readonly PathStep[], problem: Omit<PolicyProblem, 'path'>): PlacedProblem {
  return { steps, problem: { path: formatPath(steps), ...problem } };
}

/** One line for a terminal: place, what is wrong, what was found, what is accepted. */
export function formatProblem(problem: PolicyProblem): string {
  const line = problem.line === undefined ? '' : `${problem.line}:${problem.column ?? 1} `;
  const place = problem.path === '' ? 'document' : problem.path;
  const suggestion = problem.suggestion === undefined ? '' : ` Did you mean "${problem.suggestion}"?`;
  return `${line}${place}: ${problem.message} Found ${problem.found}; accepted: ${problem.accepted}.${suggestion}`;
}

const LONGEST_FOUND = 60;

/** Shows a value of a document in a problem: its kind, and for scalars the value itself, shortened. */
export function describeFound(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') {
    const shown = printable(JSON.stringify(value.slice(0, LONGEST_FOUND)));
    return value.length > LONGEST_FOUND ? `${shown} and ${value.length - LONGEST_FOUND} more characters` : shown;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return `a ${typeof value}`;
}

// Damerau-Levenshtein, restricted to adjacent transpositions: the usual slips of a typist.
function editDistance(left: string, right: string): number {
  const rows = [Array.from({ length: right.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= left.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= right.length; j += 1) {
      const cost = left[i - 1] === right[j - 1] ? 0 : 1;
      const isSwap = left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      const swap = isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost, swap));
    }
  }
  return at(left.length, right.length);
}

/** The accepted word that is nearest to a misspelt one, if any is near enough. */
export function suggest(found: string, accepted: readonly string[]): string | undefined {
  if (found.length > 40) return undefined;
  const word = found.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.min(word.length - 1, Math.max(1, Math.min(3, Math.floor(word.length / 3)))) + 1;
  for (const candidate of accepted) {
    const distance = editDistance(word, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}
