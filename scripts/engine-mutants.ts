/** One fault planted into the engine: a piece of source, and what stands there instead. */
export interface Mutant {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const search = 'src/engine/search.ts';
const affix = 'src/engine/affix-table.ts';
const fragments = 'src/engine/fragments.ts';
const fragmentTable = 'src/engine/fragment-table.ts';
const patternIndex = 'src/engine/pattern-index.ts';
const ruleIndex = 'src/engine/rule-index.ts';
const narrower = 'src/engine/narrower.ts';
const hashTable = 'src/engine/hash-table.ts';
const memo = 'src/engine/memo.ts';
const evaluate = 'src/engine/evaluate.ts';
const compiledGlob = 'src/engine/compiled-glob.ts';
const conditions = 'src/engine/conditions.ts';
const coversResource = 'src/engine/covers-resource.ts';
const rule = 'src/engine/rule.ts';
const view = 'src/engine/view.ts';
const walk = 'src/engine/walk.ts';
const names = 'src/policy/names.ts';
const taken = 'src/policy/taken-request.ts';
const judged = 'src/policy/judged-request.ts';
const glob = 'src/policy/glob.ts';
const contextValues = 'src/policy/context-values.ts';
const bucket = 'src/engine/bucket.ts';

/** Faults that change what is decided, or how it is found. Whatever compares decisions has to find them. */
export const MUTANTS: readonly Mutant[] = [
  { file: search, from: "this.#isAlias && rule.effect !== 'deny'", to: 'false' },
  { file: search, from: 'this.#isAlias = at > 0;', to: 'this.#isAlias = true;' },
  { file: search, from: 'if (entry >= this.best) return;\n    const', to: 'const' },
  { file: search, from: 'if (glob !== undefined && !matchesGlob(glob, this.#name)) return;', to: 'void matchesGlob;' },
  { file: search, from: 'rule.actions.matches(this.action) && ', to: '' },
  { file: search, from: ' && this.#holds(rule)', to: '' },
  { file: search, from: 'if (anyResource !== undefined) this.visit(anyResource);', to: '' },
  { file: search, from: 'if (keys) this.dependsOnPresence = true;', to: '' },
  { file: search, from: 'this.looked = [...this.looked, key]', to: 'this.looked = [key]' },
  { file: search, from: 'if (bucket.first < this.best)', to: 'if (bucket.first > this.best)' },
  { file: affix, from: 'if (length > name.length) break;', to: 'if (length >= name.length) break;' },
  { file: affix, from: 'if (length > name.length) return;', to: 'if (length >= name.length) return;' },
  { file: affix, from: 'name.length - 1 - done', to: 'name.length - 2 - done' },
  { file: affix, from: 'if (literal !== undefined) search.visit(literal);', to: '' },
  { file: affix, from: 'this.#literals.first >= search.best', to: 'this.#literals.first <= search.best' },
  { file: fragments, from: 'parts([tail], head.length)', to: 'parts([tail], head.length + 1)' },
  { file: fragments, from: '[head], prefix.length, 1', to: '[head], head.length, 1' },
  { file: fragments, from: 'literalRuns(piece).at(-1)', to: 'literalRuns(piece).at(0)' },
  { file: fragments, from: "else runs.push('');", to: '' },
  { file: fragments, from: 'run.charCodeAt(at - 1) + 1, weight', to: 'run.charCodeAt(at - 1), weight' },
  { file: fragmentTable, from: 'Math.imul(name.charCodeAt(end - size + 1) + 1, this.#weight)', to: '0' },
  { file: fragmentTable, from: 'end < name.length', to: 'end < name.length - 1' },
  { file: fragmentTable, from: 'name.length < start + size', to: 'name.length <= start + size' },
  { file: patternIndex, from: 'else this.#rest = withEntry(this.#rest, entry);', to: '' },
  { file: patternIndex, from: 'Math.min(start, ', to: 'Math.max(start, ' },
  { file: patternIndex, from: 'firstOf(rest) < search.best', to: 'firstOf(rest) > search.best' },
  { file: patternIndex, from: 'if (bucket !== undefined) search.visit(bucket);\n      return;', to: 'return;' },
  {
    file: ruleIndex,
    from: 'for (const value of condition?.values ?? []) builder.add(entry, value);',
    to: 'const [value] = condition?.values ?? []; if (value !== undefined) builder.add(entry, value);',
  },
  { file: ruleIndex, from: '[...path.keys, key]', to: '[...path.keys]' },
  {
    file: ruleIndex,
    from: 'for (const glob of this.#rule(entry).actions.globs)',
    to: 'for (const glob of this.#rule(entry).actions.globs.slice(0, 1))',
  },
  {
    file: ruleIndex,
    from: 'for (const glob of rule.resourceGlobs)',
    to: 'for (const glob of rule.resourceGlobs.slice(0, 2))',
  },
  { file: narrower, from: 'if (this.#plain !== undefined) search.visit(this.#plain);', to: '' },
  { file: narrower, from: 'for (const bucket of this.#inARow) search.visit(bucket);\n      return;', to: 'return;' },
  { file: narrower, from: 'if (value !== undefined) this.#index', to: 'if (value) this.#index' },
  {
    file: hashTable,
    from: 'slot = (slot + 1) & this.#mask;\n    }\n  }\n\n  #insert',
    to: 'return undefined;\n    }\n  }\n\n  #insert',
  },
  { file: bucket, from: '[bucket, entry];', to: '[entry, bucket];' },
  {
    file: bucket,
    from: "'visit' in bucket ? bucket.first : (bucket[0] ?? Number.POSITIVE_INFINITY)",
    to: 'Number.POSITIVE_INFINITY',
  },
  { file: memo, from: 'answer = values[at];', to: 'answer = values[0];' },
  { file: evaluate, from: "typeof resource === 'string' && aliases === undefined", to: "typeof resource === 'string'" },
  { file: evaluate, from: 'hasOneName(taken) && !taken.hasOverlong', to: '!taken.hasOverlong' },
  { file: evaluate, from: ' || request.attributes.hasOverlong', to: '' },
  {
    file: evaluate,
    from: 'const canonical = canonicalAction(kept);',
    to: 'const canonical = kept; void canonicalAction;',
  },
  { file: walk, from: "if (result === 'unjudgeable') return policy.overlongAttribute;", to: '' },
  { file: walk, from: 'if (!isPlainModel(resource)) return undefined;', to: '' },
  { file: walk, from: 'isPlain || isPlainModel(resource) ? policy.noMatch : undefined', to: 'policy.noMatch' },
  { file: walk, from: 'let isPlain = false;', to: 'let isPlain = true;' },
  { file: walk, from: '.filter((rule) => rule.actions.matches(action))', to: '' },
  {
    file: walk,
    from: 'isPlainModel(rule.resource) ? rule.resource : undefined',
    to: "typeof rule.resource === 'string' ? rule.resource : undefined",
  },
  { file: walk, from: 'plainModel === undefined ? rule.matchesResource(resource) : ', to: '' },
  { file: view, from: 'resource === this.#resource && ', to: '' },
  { file: view, from: 'first === this.#value && ', to: '' },
  { file: view, from: ' && aliases === undefined ? this.#decision', to: ' ? this.#decision' },
  { file: view, from: '!this.#keepsLatest || aliases !== undefined || ', to: '!this.#keepsLatest || ' },
  { file: view, from: '!this.#keepsLatest || ', to: '' },
  { file: names, from: '&& PLAIN_MODEL.test(name)', to: "&& name.startsWith('model/')" },
  { file: names, from: '[!-.0-~]', to: '[!-~]' },
  { file: evaluate, from: 'latest?.action === action', to: 'latest' },
  { file: coversResource, from: "rule.effect !== 'deny' || names.length === 1", to: 'names.length === 1' },
  {
    file: rule,
    from: "this.#only = this.globs.length === 1 && typeof first === 'string'",
    to: "this.#only = typeof first === 'string'",
  },
  {
    file: conditions,
    from: 'if (value === attribute) return true;',
    to: 'if (String(value) === attribute) return true;',
  },
  { file: compiledGlob, from: 'end < head.length || ', to: '' },
  { file: compiledGlob, from: 'return free <= end;', to: 'return true;' },
  { file: compiledGlob, from: 'name.length === head.length && ', to: '' },
  { file: compiledGlob, from: 'return !token.negated;', to: 'return true;' },
  { file: judged, from: 'slash === resource.length - 1 ? undefined : ', to: '' },
  { file: taken, from: 'keys[index] === key) return (others', to: 'keys[index - 1] === key) return (others' },
  { file: contextValues, from: 'isJudgeableLength(value) ? value : OVERLONG', to: 'value' },
  {
    file: glob,
    from: "return text.includes('*') ? text.replaceAll(':', '.') : canonicalAction(text);",
    to: 'return text;',
  },
  { file: glob, from: "text.includes('*') ? canonical.split('*') : canonical", to: 'canonical' },
];
