/**
 * Whether a restore has brought something back since it was taken away, or was to be, at `atMs`. `restored`: resources with the moment,
 * milliseconds since the epoch, as a manifest has them. In the same millisecond it has: what is taken away again is noted as later. Pure.
 */
export function isRestoredSince(
  { resource, atMs = 0 }: { readonly resource: string; readonly atMs?: number | undefined },
  restored: Readonly<Record<string, number>>,
): boolean {
  return (restored[resource] ?? -1) >= atMs;
}
