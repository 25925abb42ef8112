/** A variable of the process without the space around it; undefined when it is empty, absent, or there is no environment. */
export function environmentVariable(name: string): string | undefined {
  const { process } = globalThis as {
    readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
  };
  const text = process?.env?.[name]?.trim();
  return text === '' ? undefined : text;
}
