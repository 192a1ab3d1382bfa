import type { Run } from '../../../shared/run/sweep.ts';
import type { Config } from '../config.ts';
import { MAX_BATCH } from './batches.ts';
import { measure, type Measured, type MeasureOptions, type Window } from './measure.ts';
import { longerLookStartMs, observationStartMs } from './observation-window.ts';

/** Reads a metric of some VMs over a window. */
export type Meter = (
  metricType: string,
  ids: readonly string[],
  window: Window,
  options?: MeasureOptions,
) => Promise<Measured>;

/** What reads the metrics of some notebooks: of those alone, or of all VMs of the project once for all. */
export interface Meters {
  /** `count`: how many notebooks of a batch have this window. */
  forSignals(window: Window, count: number): Promise<Meter>;
  forLongerLook(window: Window): Promise<Meter>;
}

/** Sets of queries for single batches, before the longer look is read of all VMs. */
const MAX_NARROW_LOOKS = 10;

/** The meters of one run. `isWide`: whether a query of the whole project is worth its series, see `chooseWidth`. */
export function createMeters(run: Run, config: Config, isWide: () => Promise<boolean>): Meters {
  const narrow: Meter = (...query) => measure(run, ...query);
  const wide = onceForAll(run);
  const [usual, usualLonger] = [observationStartMs, longerLookStartMs].map((startMs) =>
    startMs(config, run.startedAt, undefined),
  );
  let narrowLooks = 0;
  return {
    async forSignals({ startMs }, count) {
      // Notebooks that an earlier run warned of have a window of their own.
      const isCommon = startMs === usual || count * 2 >= MAX_BATCH;
      return isCommon && (await isWide()) ? wide : narrow;
    },
    async forLongerLook({ startMs }) {
      const isCommon = startMs === usualLonger && narrowLooks >= MAX_NARROW_LOOKS;
      narrowLooks += 1;
      return isCommon && (await isWide()) ? wide : narrow;
    },
  };
}

/** Reads each metric of all VMs, once a window, no matter how many readers. */
function onceForAll(run: Run): Meter {
  const known = new Map<string, Promise<Measured>>();
  return (metricType, _ids, window, options = {}) => {
    const key = JSON.stringify([metricType, window, options]);
    const read = known.get(key) ?? measure(run, metricType, 'all', window, options);
    known.set(key, read);
    return read;
  };
}
