// The policy language once more, as plainly as it can be written, straight from its description and
// without a line of the product: patterns become regular expressions, rules are walked one by one.

interface NaiveRequest {
  readonly action: unknown;
  readonly resource: unknown;
  readonly context?: unknown;
  readonly aliases?: readonly unknown[];
}

/** What the naive evaluator says about a request. */
export interface NaiveDecision {
  readonly allowed: boolean;
  readonly effect: string;
  readonly reasonCode: string;
  readonly policy: string | null;
  readonly rule: string | number | null;
}

type Fields = Readonly<Record<string, unknown>>;

interface NaiveRule {
  readonly effect: string;
  readonly actions: readonly RegExp[];
  readonly resources: readonly RegExp[];
  readonly conditions: readonly (readonly [key: string, holds: (value: unknown) => boolean])[];
  readonly policy: string;
  readonly rule: string | number;
}

const SYNONYMS: Fields = { llm_call: 'llm.generate', 'llm.call': 'llm.generate', 'llm.embed': 'embedding.generate' };

function splitOutside(text: string, separator: string): string[] {
  const parts = [''];
  let inSet = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\') {
      parts[parts.length - 1] += text.slice(at, at + 2);
      at += 1;
    } else if (character === separator && !inSet) {
      parts.push('');
    } else {
      if (character === '[') inSet = true;
      if (character === ']') inSet = false;
      parts[parts.length - 1] += character;
    }
  }
  return parts;
}

/** Writes out the lists of a pattern: `a{b,c}` is `ab` and `ac`. */
export function writeOutLists(text: string): string[] {
  const [head = '', ...rest] = splitOutside(text, '{');
  if (rest.length === 0) return [text];
  const [list = '', ...tail] = splitOutside(rest.join('{'), '}');
  const tails = writeOutLists(tail.join('}'));
  return splitOutside(list, ',').flatMap((item) => tails.map((end) => head + item + end));
}

function quote(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/u, '\\$&');
}

/** A pattern without lists as a regular expression over UTF-16 code units. */
export function toRegExp(text: string): RegExp {
  let source = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\') source += quote(text.charAt((at += 1)));
    else if (character === '*') source += '[^]*';
    else if (character === '?') source += '[^]';
    else if (character === '[') {
      const end = endOfSet(text, at);
      source += setSource(text.slice(at + 1, end));
      at = end;
    } else source += quote(character);
  }
  return new RegExp(`^(?:${source})$`);
}

function endOfSet(text: string, start: number): number {
  let at = start + 1;
  while (text.charAt(at) !== ']') at += text.charAt(at) === '\\' ? 2 : 1;
  return at;
}

function setSource(inside: string): string {
  const isNegated = inside.startsWith('!');
  let body = '';
  const text = isNegated ? inside.slice(1) : inside;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\') body += quote(text.charAt((at += 1)));
    else if (character === '-' && at > 0 && at < text.length - 1) body += '-';
    else body += quote(character);
  }
  return `[${isNegated ? '^' : ''}${body}]`;
}

function actionPatterns(texts: readonly string[], isFileDialect: boolean): RegExp[] {
  return texts.flatMap((text) => {
    const isWholeTool = isFileDialect && text !== '*' && !/[.:]/u.test(text) && !Object.hasOwn(SYNONYMS, text);
    return writeOutLists(isWholeTool ? `${text}.*` : text).map((alternative) => {
      const dotted = alternative.replaceAll(':', '.');
      return toRegExp(Object.hasOwn(SYNONYMS, dotted) ? String(SYNONYMS[dotted]) : dotted);
    });
  });
}

function resourcePatterns(texts: readonly string[]): RegExp[] {
  return texts
    .flatMap(writeOutLists)
    .map((text) => toRegExp(text.startsWith('model:') ? `model/${text.slice(6)}` : text));
}

function list(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]) as readonly string[];
}

function condition(accepts: unknown): (value: unknown) => boolean {
  if (typeof accepts === 'number' || typeof accepts === 'boolean') return (value) => value === accepts;
  const patterns = list(accepts).flatMap(writeOutLists).map(toRegExp);
  return (value) => typeof value === 'string' && patterns.some((pattern) => pattern.test(value));
}

function readRule(
  rule: Fields,
  index: number,
  policy: { readonly name: string; readonly isFileDialect: boolean },
): NaiveRule {
  const { allow, deny, action, actions, resource, resources, conditions, when, id, name } = rule;
  const shorthand = allow === undefined ? 'deny' : 'allow';
  return {
    effect: String(rule['effect'] ?? shorthand),
    actions: actionPatterns(list(allow ?? deny ?? action ?? actions), policy.isFileDialect),
    resources: resourcePatterns(list(resource ?? resources ?? '*')),
    conditions: Object.entries((conditions ?? when ?? {}) as Fields).map(([key, accepts]) => [key, condition(accepts)]),
    policy: policy.name,
    rule: (id ?? name ?? index) as string | number,
  };
}

function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= 1024 &&
    !/[\p{Cc}\p{Cf}\p{Cs}\p{Z}\s]/u.test(value)
  );
}

function spellAction(action: string): string {
  const dotted = action.replaceAll(':', '.');
  return Object.hasOwn(SYNONYMS, dotted) ? String(SYNONYMS[dotted]) : dotted;
}

function spellResource(resource: string): string {
  return resource.startsWith('model:') ? `model/${resource.slice(6)}` : resource;
}

function bareNames(resource: string): string[] {
  const match = /^model\/.*\/([^/]+)$/su.exec(resource);
  return match ? [`model/${match[1]}`] : [];
}

/** Evaluates requests against a document, the slow and obvious way. */
export function createNaiveEvaluator(document: unknown): (request: NaiveRequest) => NaiveDecision {
  const container = document as { readonly policies?: readonly Fields[] };
  const given = (Array.isArray(document) ? document : (container.policies ?? [document])) as readonly Fields[];
  const policies = given
    .map((policy, index) => ({
      policy,
      name: String(policy['name'] ?? `policy-${index}`),
      priority: Number(policy['priority'] ?? 100),
      index,
    }))
    .toSorted((a, b) => a.priority - b.priority || a.index - b.index);
  const rules = policies.flatMap(({ policy, name }) =>
    (policy['rules'] as readonly Fields[]).map((rule, index) =>
      readRule(rule, index, { name, isFileDialect: policy['version'] !== undefined }),
    ),
  );
  const defaults = policies.map(({ policy, name }) => ({
    name,
    effect: policy['default_action'] ?? (policy['settings'] as Fields | undefined)?.['default_action'],
  }));
  return (request) => decide(request, { rules, defaults });
}

interface NaivePolicies {
  readonly rules: readonly NaiveRule[];
  readonly defaults: readonly { readonly name: string; readonly effect: unknown }[];
}

const INVALID: NaiveDecision = {
  allowed: false,
  effect: 'deny',
  reasonCode: 'INVALID_REQUEST',
  policy: null,
  rule: null,
};

function decide(request: NaiveRequest, { rules, defaults }: NaivePolicies): NaiveDecision {
  const { action, resource, context = {}, aliases = [] } = request;
  if (![action, resource, ...aliases].every(isName)) return INVALID;
  if ([resource, ...aliases].some((name) => spellResource(String(name)) === 'model/')) return INVALID;
  if (typeof context !== 'object' || context === null) return INVALID;
  const attribute = (key: string): unknown => (Object.hasOwn(context, key) ? (context as Fields)[key] : undefined);
  const isTooLong = (value: unknown): boolean => typeof value === 'string' && value.length > 1024;
  const full = spellResource(String(resource));
  const others = aliases.map((alias) => spellResource(String(alias)));
  const all = [full, ...others, ...[full, ...others].flatMap(bareNames)];
  for (const rule of rules) {
    const names = rule.effect === 'deny' ? all : [full];
    const matches =
      rule.actions.some((pattern) => pattern.test(spellAction(String(action)))) &&
      names.some((name) => rule.resources.some((pattern) => pattern.test(name)));
    if (!matches) continue;
    const failing = rule.conditions.find(([key, holds]) => isTooLong(attribute(key)) || !holds(attribute(key)));
    if (failing && isTooLong(attribute(failing[0]))) return INVALID;
    if (!failing)
      return {
        allowed: rule.effect !== 'deny',
        effect: rule.effect,
        reasonCode: 'RULE_MATCH',
        policy: rule.policy,
        rule: rule.rule,
      };
  }
  for (const effect of ['deny', 'warn', 'allow']) {
    const policy = defaults.find((candidate) => candidate.effect === effect);
    if (policy)
      return { allowed: effect !== 'deny', effect, reasonCode: 'NO_RULE_MATCH', policy: policy.name, rule: null };
  }
  return { allowed: false, effect: 'deny', reasonCode: 'NO_RULE_MATCH', policy: null, rule: null };
}
