/** Runs something while an object has one more property; for prototypes that somebody polluted, and for globals. */
export async function whilePolluted(
  polluted: { readonly target: object; readonly key: string; readonly property: PropertyDescriptor },
  run: () => unknown,
): Promise<void> {
  const { target, key, property } = polluted;
  const before = Object.getOwnPropertyDescriptor(target, key);
  Object.defineProperty(target, key, { ...property, configurable: true });
  try {
    await run();
  } finally {
    if (before) Object.defineProperty(target, key, before);
    else Reflect.deleteProperty(target, key);
  }
}
