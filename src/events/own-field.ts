/** A field that may be missing: its own, never one that somebody put on all objects. */
export function ownField<Owner extends object, Key extends keyof Owner>(
  owner: Owner,
  key: Key,
): Owner[Key] | undefined {
  return Object.hasOwn(owner, key) ? owner[key] : undefined;
}
