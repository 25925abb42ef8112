/** One rule, in what every engine can express: the first that matches decides, no match denies. */
export interface PlainRule {
  readonly effect: 'allow' | 'deny';
  readonly action: string;
  readonly resource: string;
  /** A pattern for `agent_id`. */
  readonly agent?: string;
}

/** What is asked. */
export interface PlainRequest {
  readonly action: string;
  readonly resource: string;
  readonly context: { readonly agent_id: string };
}

/** Whether a request is allowed. */
export type Decide = (request: PlainRequest) => boolean | Promise<boolean>;

/** An engine that is measured beside ours. */
export interface Peer {
  readonly name: string;
  /** Whether it decides by the first rule that matches, patterns included. */
  readonly isExact: boolean;
  /** Beyond so many rules one call takes tens of milliseconds or more. */
  readonly mostRules: number;
  readonly open: (rules: readonly PlainRule[]) => Promise<Decide>;
}

/** Loads a package that is installed beside this file. */
export async function load<Module>(name: string): Promise<Module> {
  return (await import(name)) as Module;
}

const SPECIAL = /[\\^$.*+?()[\]{}|/-]/u;

function endOf(pattern: string, from: number, closing: string): number {
  const end = pattern.indexOf(closing, from);
  if (end === -1) throw new Error(`${pattern} is not closed.`);
  return end;
}

/** A pattern as the source of a regular expression, for engines that know no globs. */
export function regExpSource(pattern: string): string {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    if (character === '*') source += '[^]*';
    else if (character === '?') source += '[^]';
    else if (character === '[') {
      const end = endOf(pattern, at, ']');
      source += pattern.slice(at, end + 1).replace('[!', '[^');
      at = end;
    } else if (character === '{') {
      const end = endOf(pattern, at, '}');
      const items = pattern.slice(at + 1, end).split(',');
      source += `(?:${items.map((item) => regExpSource(item).slice(1, -1)).join('|')})`;
      at = end;
    } else source += SPECIAL.test(character) ? `\\${character}` : character;
  }
  return `^${source}$`;
}
