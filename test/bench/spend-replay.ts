import { isPlain, quantile, replayAll, type Replayed } from '../support/spend-replay/distribution.ts';
import type { Bench } from './row.ts';

const SHARES = [0.5, 0.9, 0.95, 0.99] as const;

/** How late, and by how much beyond a rung, all is stopped: by the watch, and by budget messages alone. */
export const spendReplay: Bench = async function* ({ quick }) {
  const startMs = process.cpuUsage().user / 1_000;
  const all = replayAll(quick ? 200 : 2_000);
  const cpuMs = process.cpuUsage().user / 1_000 - startMs;
  const looks = all.reduce((sum, one) => sum + one.looks, 0);
  const open = all.reduce((sum, one) => sum + one.open, 0);
  const inside = all.reduce((sum, one) => sum + one.inside, 0) / looks;
  yield await Promise.resolve({
    what: `spend-watch on ${all.length.toLocaleString('en-US')} random days: truth in bounds`,
    measured: `${(100 * inside).toFixed(2)} % of ${looks.toLocaleString('en-US')} looks with both bounds; ${open.toLocaleString('en-US')} others have no upper one`,
    goal: { expected: '>= 99 %', reached: inside >= 0.99 },
  });
  yield* rowsOf('all days', all);
  yield* rowsOf('seen from the period’s start, prices known', all.filter(isPlain));
  yield {
    what: 'a look: ledger, fit and estimate',
    measured: `${(cpuMs / (looks + open)).toFixed(3)} ms of processor time, with the replay’s own`,
  };
};

function* rowsOf(what: string, days: readonly Replayed[]) {
  const spread = (of: (one: Replayed) => number, digits: number): string =>
    SHARES.map((share) => quantile(days.map(of), share).toFixed(digits)).join(' / ');
  const shares = SHARES.map((share) => share * 100).join('/');
  yield {
    what: `${what}: hours late, watch (${shares} %)`,
    measured: `${spread((one) => one.hoursLate, 2)}; messages alone ${spread((one) => one.messageHoursLate, 1)}`,
  };
  yield {
    what: `${what}: USD over the rung, watch`,
    measured: `${spread((one) => one.overshootUsd, 0)}; messages alone ${spread((one) => one.messageOvershootUsd, 0)}`,
  };
}
