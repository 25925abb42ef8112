/** Whether a value is a Proxy. Only the runtime itself can tell; where it does not, everything may be one. */
export const isProxy: (value: unknown) => boolean =
  globalThis.process?.getBuiltinModule?.('node:util').types.isProxy ?? ((): boolean => true);
