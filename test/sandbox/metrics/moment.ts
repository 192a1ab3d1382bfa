import { z } from 'zod';

const RELATIVE = /^([+-]?\d+(?:\.\d+)?)([smhdw])$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A moment in a scenario: RFC 3339, or relative to where the sandbox's clock starts: `-3d`, `-90m`, `0m`, `+10m`. */
export const momentSchema = z
  .string()
  .refine(
    (text) => RELATIVE.test(text) || /^\d{4}-\d\d-\d\dT/.test(text),
    'a time such as -3d, -90m or 2026-11-18T09:00:00Z',
  )
  .refine((text) => RELATIVE.test(text) || !Number.isNaN(Date.parse(text)), 'not a time that exists');

/** Milliseconds since the epoch of a moment that `momentSchema` accepted. */
export function resolveMoment(text: string, startMs: number): number {
  const relative = RELATIVE.exec(text);
  if (relative === null) return Date.parse(text);
  return startMs + Number(relative[1]) * (UNIT_MS[relative[2] ?? ''] ?? NaN);
}
