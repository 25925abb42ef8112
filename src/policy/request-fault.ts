/** Why a request cannot be judged, as a sentence that holds none of its values. */
export interface RequestFault {
  readonly fault: string;
}

/** Thrown where a request turns out not to be judgeable. Not an error: it never leaves this folder. */
export class FaultSignal implements RequestFault {
  readonly fault: string;
  constructor(fault: string) {
    this.fault = fault;
  }
}

/** The fault behind whatever was thrown while a request was read. */
export function faultOf(thrown: unknown): RequestFault {
  if (thrown instanceof FaultSignal) return { fault: thrown.fault };
  return { fault: 'The request cannot be read: one of its properties threw an exception.' };
}
