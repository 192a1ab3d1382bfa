/** Makes something when it is first needed, and hands on the same each time: what is made as a file is loaded is start-up time. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
