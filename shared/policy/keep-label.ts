const DAY_MS = 86_400_000;

/** A date ends last at UTC-12: until it is over everywhere, a notebook kept until that date is kept. */
const LAST_ZONE_MS = 12 * 3_600_000;

/**
 * What the keep label says: `true`, or a date (`2026-12-31`, the last day on which the notebook is kept). A value that
 * cannot be read keeps as well: its author expected the notebook left alone. `false` and an absent label do not.
 */
export function keepsUntil(
  value: string | undefined,
  now: Date,
): { readonly keeps: boolean; readonly why: string } {
  if (value === undefined || value === 'false') return { keeps: false, why: 'no keep label' };
  if (value === 'true') return { keeps: true, why: 'true' };
  const dayMs = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(`${value}T00:00:00Z`) : NaN;
  // Date.parse lets 2026-02-30 pass as 2 March in some engines; the round trip does not.
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== value)
    return {
      keeps: true,
      why: `unreadable value ${JSON.stringify(value)}: use true or a date such as 2026-12-31`,
    };
  return { keeps: now.getTime() < dayMs + DAY_MS + LAST_ZONE_MS, why: `until ${value}` };
}
