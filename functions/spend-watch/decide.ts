import type { Decision } from '../../shared/run/receipt.ts';
import { rateOf } from '../../shared/spend/accrued.ts';
import type { Ledger } from '../../shared/spend/ledger.ts';
import { regionLooks } from '../../shared/spend/region-looks.ts';
import { judgeAnomalies } from './anomalies/judge.ts';
import type { Config } from './config.ts';
import { budgetEvidence } from './evidence/budget.ts';
import { burnEvidence, topResources } from './evidence/burn.ts';
import type { ProjectFacts } from './facts.ts';
import { ledgerAfter } from './ledger-after.ts';
import { minutesBetween } from './looks/ages.ts';

/** Resources that the receipt names, the most expensive ones; and of changes, the latest. */
const MAX_NAMED = 10;

/** What one look says: the burn, what accrued, where that leads, and where each budget stands. Pure. */
export function judgeSpend(facts: ProjectFacts, config: Config): readonly Decision[] {
  const { seen, before, budgets, toldIn, gpus } = facts;
  const ledger = ledgerAfter(before, facts);
  const burn = burnEvidence(ledger, config, seen.atMs);
  return [
    {
      resource: `projects/${seen.project}`,
      action: 'record',
      reason: seen.complete ? 'watched' : 'incomplete',
      evidence: {
        ...burn,
        resources: ledger.running.length,
        top: topResources([ledger], seen.atMs, MAX_NAMED),
        anomalies: judgeAnomalies(before, ledger, gpus.idle, config.anomalies).map(
          ({ kind, resource, says }) => ({
            ...{ kind, resource, says },
          }),
        ),
        // Not known is not idle: no agent, a gap in its series, MIG mode, or an answer that lacks some.
        ...(gpus.unknown === undefined ? {} : { gpuLoadsNotKnown: gpus.unknown }),
        changed: changesAt(ledger),
        minutesSinceRegion: minutesSinceRegion(ledger, config, seen.atMs),
        budgets: [...budgets.map((budget) => budgetEvidence(budget, ledger, config, seen.atMs)), ...toldIn],
      },
      usdPerHour: burn.burnUsdPerHour === 'unknown' ? 'unpriced' : rateOf(ledger).expected,
    },
  ];
}

/** Since the last look. What a listing that failed may hide is not told as gone. */
function changesAt({ changes = [], lookedMs }: Ledger): unknown {
  const named = (expected: string): readonly string[] =>
    changes
      .filter(({ what, atMs }) => what === expected && atMs === lookedMs)
      .map(({ resource }) => resource)
      .slice(-MAX_NAMED);
  return { appeared: named('appeared'), gone: named('gone') };
}

/** How old the look at each region of Vertex AI is; null for one that was never looked at. */
function minutesSinceRegion(
  ledger: Ledger,
  { regions }: Config,
  nowMs: number,
): Readonly<Record<string, number | null>> {
  return Object.fromEntries(
    [...regionLooks(ledger, regions)].map(([region, lookedMs]) => [
      region,
      lookedMs === undefined ? null : minutesBetween(lookedMs, nowMs),
    ]),
  );
}
