import { localClock } from './local-time.ts';
import { momentMs } from '../clock/moment.ts';
import { WEEKDAYS, type Level, type PresentShape } from './shapes.ts';

const MINUTE_MS = 60_000;

export interface EvaluateOptions {
  /** Tells series apart: the same seed and time give the same value, in every run. */
  readonly seed: string;
  /** Where the sandbox's clock started: relative times count from there. */
  readonly startMs: number;
  /** What the metric can be. Values outside are cut off. */
  readonly range: { readonly min: number; readonly max: number };
}

/** The value of a signal at a moment; undefined where it has no point. */
export type Signal = (atMs: number) => number | undefined;

/** Makes a shape into a pure function of time, so that weeks of data exist without being stored. */
export function evaluateShape(shape: PresentShape, options: EvaluateOptions): Signal {
  const { min, max } = options.range;
  const value = valueFunction(shape, options);
  const present = presenceOf(shape, options.startMs);
  return (atMs) => (present(atMs) ? Math.min(max, Math.max(min, value(atMs))) : undefined);
}

function presenceOf({ from, until, gaps }: PresentShape, startMs: number): (atMs: number) => boolean {
  const fromMs = from === undefined ? -Infinity : momentMs(from, startMs);
  const untilMs = until === undefined ? Infinity : momentMs(until, startMs);
  const holes = gaps.map((gap) => ({
    fromMs: momentMs(gap.from, startMs),
    toMs: momentMs(gap.to, startMs),
  }));
  return (atMs) =>
    atMs >= fromMs && atMs < untilMs && !holes.some((hole) => atMs >= hole.fromMs && atMs < hole.toMs);
}

function valueFunction(
  shape: PresentShape,
  { seed, startMs, range }: EvaluateOptions,
): (atMs: number) => number {
  const random = randomOfMinute(seed);
  const draw = (level: Level, atMs: number): number =>
    typeof level === 'number' ? level : level[0] + (level[1] - level[0]) * random(atMs);
  switch (shape.shape) {
    case 'constant':
      return () => shape.value;
    case 'noise':
      return (atMs) => shape.level + shape.spread * (2 * random(atMs) - 1);
    case 'daily':
    case 'nightly': {
      const busy = shape.busy ?? shareOfRange(range, [0.85, 1]);
      const isBusy = hoursFunction(shape);
      return (atMs) => draw(isBusy(atMs) ? busy : shape.idle, atMs);
    }
    case 'spike': {
      const atMs = momentMs(shape.at, startMs);
      const endMs = atMs + shape.minutes * MINUTE_MS;
      // Points stand on whole minutes; the first one at or after `at` carries the spike.
      return (now) => draw(now >= atMs && now < endMs ? shape.value : shape.base, now);
    }
    case 'heartbeat': {
      const phase = Math.floor(random(0) * shape.everyMinutes);
      return (atMs) =>
        draw(
          (Math.floor(atMs / MINUTE_MS) + phase) % shape.everyMinutes < 1 ? shape.value : shape.base,
          atMs,
        );
    }
    case 'steps': {
      const steps = shape.steps
        .map(({ at, value }) => ({ atMs: momentMs(at, startMs), value }))
        .sort((a, b) => a.atMs - b.atMs);
      return (atMs) => draw(steps.findLast((step) => step.atMs <= atMs)?.value ?? shape.initial, atMs);
    }
  }
}

function shareOfRange({ min, max }: EvaluateOptions['range'], [low, high]: readonly [number, number]): Level {
  if (!Number.isFinite(max))
    throw new Error('Cannot evaluate the load shape "nightly": give `busy` for a metric without a maximum');
  return [min + (max - min) * low, min + (max - min) * high];
}

/** Whether a moment lies in the hours; hours that cross midnight belong to the day on which they begin. */
function hoursFunction({
  timezone,
  days,
  start,
  end,
}: Extract<PresentShape, { shape: 'daily' | 'nightly' }>) {
  const clock = localClock(timezone);
  const chosen = new Set(days.map((day) => WEEKDAYS.indexOf(day)));
  const [startMinute, endMinute] = [minuteOf(start), minuteOf(end)];
  return (atMs: number): boolean => {
    const { weekday, minuteOfDay } = clock(atMs);
    if (startMinute < endMinute)
      return chosen.has(weekday) && minuteOfDay >= startMinute && minuteOfDay < endMinute;
    if (minuteOfDay >= startMinute) return chosen.has(weekday);
    return minuteOfDay < endMinute && chosen.has((weekday + 6) % 7);
  };
}

function minuteOf(timeOfDay: string): number {
  const [hours = 0, minutes = 0] = timeOfDay.split(':').map(Number);
  return hours * 60 + minutes;
}

/** A number in [0, 1) for each minute: a seeded hash (FNV-1a over the seed, then murmur3's finaliser). */
function randomOfMinute(seed: string): (atMs: number) => number {
  let base = 0x811c9dc5;
  for (const char of seed) base = Math.imul(base ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return (atMs) => {
    let mixed = base ^ Math.imul(Math.floor(atMs / MINUTE_MS), 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
