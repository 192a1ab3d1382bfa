import { describe, expect, it } from 'vitest';
import { burnEvidence } from '../../../functions/spend-watch/evidence/burn.ts';
import { accruedByKind } from '../../../shared/spend/accrued.ts';
import { CONFIG, ledgerOf, vm } from '../../support/burn-lab.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Midnight in Pacific time. */
const NEXT_MONTH = Date.parse('2026-12-01T08:00:00Z');
const NEXT_DAY = Date.parse('2026-11-18T08:00:00Z');

/** Of $12 an hour, which ran up to the end, and $6 an hour, which was gone an hour before. */
function lookedAt(endMs: number) {
  return ledgerOf(
    (atMs) => [
      vm('trainer', 12, { owner: 'ada' }),
      ...(atMs < endMs - HOUR
        ? [vm('notebook', 6, { owner: 'grace', kind: 'colab-runtime', resource: 'r' })]
        : []),
    ],
    endMs,
  );
}

describe('what is told a few minutes after midnight, by a look before it', () => {
  it('is of the new month: of the project, each owner, each kind and the month’s end', () => {
    const ledger = lookedAt(NEXT_MONTH - 2 * MINUTE);
    const { owners, ...all } = burnEvidence(ledger, CONFIG, NEXT_MONTH + 3 * MINUTE);
    const monthEnd = 31 * 24 * 12;
    expect(owners).toEqual({
      ada: { burnUsdPerHour: 12, todayUsd: 0.6, monthUsd: 0.6, monthEndUsd: monthEnd, unpriced: 0 },
    });
    expect(all).toMatchObject({
      ...{ todayUsd: { expected: 0.6 }, monthUsd: { expected: 0.6 }, monthEndUsd: { expected: monthEnd } },
      monthByKind: {},
    });
  });

  it('is of the new day, and the month goes on', () => {
    const ledger = lookedAt(NEXT_DAY - 2 * MINUTE);
    const atLook = burnEvidence(ledger, CONFIG, NEXT_DAY - 2 * MINUTE);
    const after = burnEvidence(ledger, CONFIG, NEXT_DAY + 3 * MINUTE);
    expect(after.owners?.['ada']).toMatchObject({ todayUsd: 0.6 });
    expect(after.owners?.['ada']?.monthUsd).toBeCloseTo((atLook.owners?.['ada']?.monthUsd ?? NaN) + 1, 6);
    expect(after.owners?.['grace']).toEqual({ ...atLook.owners?.['grace'], todayUsd: 0 });
    expect(after.todayUsd).toMatchObject({ expected: 0.6 });
    expect(after.monthByKind).toEqual(atLook.monthByKind);
  });

  it('has the kinds of that look, and none of a time after it', () => {
    const ledger = lookedAt(NEXT_MONTH - 2 * MINUTE);
    expect(accruedByKind(ledger, NEXT_MONTH - 24 * HOUR)).toEqual({
      // A day's kinds begin with the look before its midnight.
      ...{ vm: expect.closeTo(12 * 24, -2) as number, 'colab-runtime': expect.closeTo(6 * 23, -2) as number },
    });
    expect(accruedByKind(ledger, NEXT_MONTH)).toEqual({});
  });
});
