/** Something that is wrong with an answer of the test control plane. */
export type ControlPlaneFault =
  | {
      /** An error status instead of an answer. */
      readonly kind: 'status';
      readonly status: number;
      /** The value of the `retry-after` header: seconds, a date, or nonsense. */
      readonly retryAfter?: number | string;
    }
  | {
      /** One byte at a time. */
      readonly kind: 'trickle';
      /** Milliseconds between two bytes. Default: 20. */
      readonly intervalMs?: number;
    }
  | {
      /** Another place to look for it. */
      readonly kind: 'redirect';
      /** Default: a path of this server that answers 404. */
      readonly location?: string;
    }
  | {
      /** A correctly signed bundle whose server's clock is off. */
      readonly kind: 'clock-skew';
      /** How far the server's clock is ahead. Default: 3,600. */
      readonly seconds?: number;
    }
  | { readonly kind: TransportFault | BundleFault };

/** What goes wrong on the way, whatever the answer is. */
type TransportFault =
  /** The request is taken and never answered. */
  | 'hang-before-headers'
  /** Status and headers, and then nothing. */
  | 'hang-after-headers'
  /** Half of the body, then the connection is reset. */
  | 'reset'
  /** Half of the body, with the length of that half: a complete answer to HTTP. */
  | 'truncate'
  /** The body with a length that promises more, then the connection is closed. */
  | 'wrong-length'
  /** A body that does not end. */
  | 'endless'
  /** A small gzip body that unpacks to 320 MiB. */
  | 'gzip-bomb'
  /** A status of 200 and no body. */
  | 'empty'
  /** A web page with status 200, as captive portals and proxies send it. */
  | 'html'
  /** The right body as `text/plain`. */
  | 'wrong-content-type'
  /** A header of 256 KiB. */
  | 'large-headers'
  /** Status 304, whatever was asked. */
  | 'not-modified';

/** What goes wrong with a bundle before it is sent. */
type BundleFault =
  /** One bit of it is another. */
  | 'flipped-bit'
  /** Signed by a key that nobody trusts. */
  | 'wrong-key'
  /** The policies before the current ones, as they were signed then. */
  | 'older-version'
  /** Other policies under the current version. */
  | 'other-content'
  /** Of another project, correctly signed. */
  | 'other-project'
  /** Signed long ago. */
  | 'expired'
  /** Correctly signed, and it unpacks to more than any reader takes. */
  | 'zstd-bomb'
  /** Correctly signed, with a pattern that is none. */
  | 'invalid-policy'
  /** Correctly signed, and in need of a feature that no reader has. */
  | 'unsupported';

/** The faults that lie in a bundle. */
export type BundleFaultKind = BundleFault | 'clock-skew';

const BUNDLE_FAULTS: ReadonlySet<string> = new Set<BundleFaultKind>([
  'flipped-bit',
  'wrong-key',
  'older-version',
  'other-content',
  'other-project',
  'clock-skew',
  'expired',
  'zstd-bomb',
  'invalid-policy',
  'unsupported',
]);

/** Where a fault strikes, and how often. */
export interface FaultOptions<Route extends string> {
  /** Default: `pull`. */
  readonly route?: Route | 'any';
  /** How many requests it strikes; `Infinity` until it is taken back. Default: 1. */
  readonly times?: number;
}

interface Planned {
  readonly fault: ControlPlaneFault;
  readonly route: string;
  left: number;
}

/** Whether a fault lies in the bundle and not in its transport. */
export function isBundleFault(kind: string): kind is BundleFaultKind {
  return BUNDLE_FAULTS.has(kind);
}

/** The faults that are to come, in the order they were asked for. */
export class FaultPlan {
  #planned: Planned[] = [];

  add(fault: ControlPlaneFault, { route = 'pull', times = 1 }: FaultOptions<string>): () => void {
    if (isBundleFault(fault.kind) && route !== 'pull')
      throw new TypeError(`The fault "${fault.kind}" lies in a bundle; the route "${route}" delivers none.`);
    const planned: Planned = { fault, route, left: times };
    this.#planned.push(planned);
    return () => {
      this.#planned = this.#planned.filter((other) => other !== planned);
    };
  }

  /** The fault that strikes a request now. */
  take(route: string): ControlPlaneFault | undefined {
    const next = this.#planned.find((planned) => planned.left > 0 && [route, 'any'].includes(planned.route));
    if (next) next.left -= 1;
    return next?.fault;
  }

  clear(): void {
    this.#planned = [];
  }
}
