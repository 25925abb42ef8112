const LONGEST_NAME = 1024;
const NOT_PLAIN_ASCII = /[^!-~]/;
// What nearly every model is called: printable ASCII without a slash behind `model/`.
const PLAIN_MODEL = /^model\/[!-.0-~]+$/;
const COLON = 0x3a;
const COLON_AT = 'model'.length;
const UNJUDGEABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Z}\s]/u;

const ACTION_SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['llm_call', 'llm.generate'],
  ['llm.call', 'llm.generate'],
  ['llm.embed', 'embedding.generate'],
  ['Secrets.read', 'secret.read'],
]);

/** The kinds of characters that no judged name may hold: control, format, surrogate halves, spaces. */
export function hasUnjudgeableCharacter(text: string): boolean {
  return NOT_PLAIN_ASCII.test(text) && UNJUDGEABLE.test(text);
}

/** Whether a value can be judged as the name of an action or resource: 1 to 1,024 printable characters without spaces. */
export function isJudgeableName(name: unknown): name is string {
  if (typeof name !== 'string' || name.length === 0 || name.length > LONGEST_NAME) return false;
  return !hasUnjudgeableCharacter(name);
}

/**
 * Whether a name is that of a model, judgeable, in the one spelling, and the only one it goes by. Says in
 * one pass what otherwise takes four.
 */
export function isPlainModel(name: unknown): name is string {
  return typeof name === 'string' && name.length <= LONGEST_NAME && PLAIN_MODEL.test(name);
}

/** Whether a context value is short enough to be compared with a pattern. */
export function isJudgeableLength(text: string): boolean {
  return text.length <= LONGEST_NAME;
}

/** Brings the spellings of an action to one: `llm:generate` and `llm_call` are `llm.generate`. */
export function canonicalAction(action: string): string {
  const dotted = action.includes(':') ? action.replaceAll(':', '.') : action;
  return ACTION_SYNONYMS.get(dotted) ?? dotted;
}

/** Brings the spellings of a resource to one: `model:gpt-4` is `model/gpt-4`. */
export function canonicalResource(resource: string): string {
  const isOtherSpelling = resource.charCodeAt(COLON_AT) === COLON && resource.startsWith('model:');
  return isOtherSpelling ? `model/${resource.slice('model:'.length)}` : resource;
}
