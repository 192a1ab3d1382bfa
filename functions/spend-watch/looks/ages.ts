import type { Ledger } from '../../../shared/spend/ledger.ts';

/** When each watched region of Vertex AI was last looked at in full, milliseconds since the epoch; undefined: never. */
export function regionLooks(
  { looks }: Ledger,
  watched: readonly string[],
): ReadonlyMap<string, number | undefined> {
  return new Map(
    Object.entries(looks?.regions ?? {})
      .filter(([region]) => watched.length === 0 || watched.includes(region))
      .map(([region, lookedMs]) => [region, lookedMs > 0 ? lookedMs : undefined]),
  );
}

/** The oldest of them, RFC 3339; `never` where one was never looked at, undefined where nothing is known of regions. */
export function oldestRegionLook(ledger: Ledger, watched: readonly string[]): string | undefined {
  const times = [...regionLooks(ledger, watched).values()];
  if (times.length === 0) return undefined;
  const known = times.filter((time) => time !== undefined);
  return known.length < times.length ? 'never' : new Date(Math.min(...known)).toISOString();
}
