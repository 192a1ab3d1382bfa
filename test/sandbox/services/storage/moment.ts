import { z } from 'zod';

const RELATIVE = /^(-?\d+(?:\.\d+)?)([smhdw])$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A moment in a seed: RFC 3339, or relative to the clock's start: `-40d`, `-90m`, `0m`. */
export const momentSchema = z
  .string()
  .refine(
    (text) => RELATIVE.test(text) || (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text))),
    'must be a time such as -40d, -90m or 2026-11-18T09:00:00Z',
  );

/** Milliseconds since the epoch of a moment that `momentSchema` has checked. */
export function seedMomentMs(text: string, startMs: number): number {
  const [, amount, unit = ''] = RELATIVE.exec(text) ?? [];
  return amount === undefined ? Date.parse(text) : startMs + Number(amount) * (UNIT_MS[unit] ?? 0);
}
