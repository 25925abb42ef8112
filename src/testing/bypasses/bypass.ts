import { printable } from '../../policy/printable.ts';

/** A request for a model that no governed wrapper judged. It holds no prompt, no header and no query. */
export interface Bypass {
  readonly method: string;
  /** With the port where it is not the usual one: `api.openai.com`, `127.0.0.1:11434`. */
  readonly host: string;
  readonly path: string;
  /** The id that the request names; undefined when it could not be read. */
  readonly model: string | undefined;
  /** Where your code made the call: `/app/src/summary.ts:12:30`. Undefined when no frame of it was left. */
  readonly site: string | undefined;
  /** The frames of your code, innermost first, without those of packages. */
  readonly stack: readonly string[];
  /** Set when it left from within the sending of a judged call: the models which that one was judged for. */
  readonly judged?: readonly string[];
}

/** A bypass in one line. */
export function describeBypass({ method, host, path, model, site, judged }: Bypass): string {
  const named = model === undefined ? 'an unknown model' : `model ${printable(model)}`;
  const place = site ?? 'an unknown place';
  const other = judged === undefined ? '' : ` (its call was judged for ${judged.map(printable).join(', ')})`;
  return `${printable(method)} ${printable(host + path)} for ${named}, called at ${place}${other}`;
}
