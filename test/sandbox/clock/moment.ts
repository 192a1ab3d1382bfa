import { z } from 'zod';

const RELATIVE = /^([+-]?\d+(?:\.\d+)?)([smhdw])$/;
const LOOKS_ABSOLUTE = /^\d{4}-\d\d-\d\dT/;
/** RFC 3339; without an offset Date.parse would take the machine's own zone, and 30 February it takes for 2 March. */
const absolute = z.iso.datetime({ offset: true });
const UNIT_MS = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

/** A moment in a scenario: RFC 3339, or relative to where the sandbox's clock starts: `-3d`, `-90m`, `0m`, `+10m`. */
export const momentSchema = z
  .string()
  .refine(
    (text) => RELATIVE.test(text) || LOOKS_ABSOLUTE.test(text),
    'must be a time such as -3d, -90m or 2026-11-18T09:00:00Z',
  )
  .refine(
    (text) => !LOOKS_ABSOLUTE.test(text) || absolute.safeParse(text).success,
    'not a time that exists, with Z or its offset from UTC',
  );

/** Milliseconds since the epoch of a moment. Throws when it has none of the forms that `momentSchema` accepts. */
export function momentMs(text: string, startMs: number): number {
  const at = read(text, startMs);
  if (!Number.isFinite(at))
    throw new Error(`Cannot read the time "${text}": use -3d, -90m or 2026-11-18T09:00:00Z`);
  return at;
}

function read(text: string, startMs: number): number {
  const [, amount, unit = ''] = RELATIVE.exec(text) ?? [];
  if (amount !== undefined) return startMs + Number(amount) * (UNIT_MS.get(unit) ?? NaN);
  return absolute.safeParse(text).success ? Date.parse(text) : NaN;
}
