import { IANAZone } from 'luxon';

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;

export interface LocalTime {
  /** 0 is Monday. */
  readonly weekday: number;
  readonly minuteOfDay: number;
}

/** Reads clocks in a time zone. Offsets change on quarter hours only, so one look-up per quarter is enough. */
export function localClock(timezone: string): (atMs: number) => LocalTime {
  const zone = IANAZone.create(timezone);
  const offsets = new Map<number, number>();
  return (atMs) => {
    const quarter = Math.floor(atMs / QUARTER_MS);
    let offsetMinutes = offsets.get(quarter);
    if (offsetMinutes === undefined) {
      offsetMinutes = zone.offset(quarter * QUARTER_MS);
      offsets.set(quarter, offsetMinutes);
    }
    const localMs = atMs + offsetMinutes * 60_000;
    const day = Math.floor(localMs / DAY_MS);
    // 1970-01-01 was a Thursday.
    return { weekday: (((day + 3) % 7) + 7) % 7, minuteOfDay: Math.floor((localMs - day * DAY_MS) / 60_000) };
  };
}
