import type { Gap } from '../../../shared/run/receipt.ts';
import { addBands, NO_BAND, type Band } from '../../../shared/spend/band.ts';
import type { Change, Ledger, ReadLedger } from '../../../shared/spend/ledger.ts';
import { oldestRegionLook, unseenRegions } from '../../../shared/spend/region-looks.ts';
import { notTold } from '../anomalies/tell.ts';
import type { Config } from '../config.ts';
import type { BudgetEvidence } from '../evidence/budget.ts';
import {
  burnEvidence,
  isStale,
  topResources,
  type BurnEvidence,
  type KnownBand,
  type TopResource,
} from '../evidence/burn.ts';
import { centsOf } from '../evidence/cents.ts';
import { burnByKind } from '../evidence/kind-burn.ts';
import { oldestRegionMinutes } from '../looks/ages.ts';
import { OUT_OF_SIGHT } from './out-of-sight.ts';
import type { SpendSample } from './spend-line.ts';
import { cents } from '../../../shared/prices/money.ts';

const MINUTE_MS = 60_000;

const MAX_TOP = 20;
const MAX_CHANGES = 40;

/** What the burn of a project is, as its ledger has it. */
export interface ProjectBurn extends BurnEvidence {
  readonly project: string;
  /** The last look, RFC 3339. */
  readonly lookedAt: string;
  /** It is so long ago that what runs now is not known. */
  readonly stale: boolean;
  /** Whether all listings of it answered. */
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
  readonly resources: number;
  /** How many of them it could not see again, or nothing did since: they may be gone. */
  readonly notSeenAgain: number;
  /** Regions of Vertex AI of which it is not known what runs: never looked at, or more than six hours before that look. */
  readonly unseenRegions: readonly string[];
  /** When the region of Vertex AI that has waited longest was last looked at, RFC 3339, or `never`: they are looked at in turn. */
  readonly oldestRegionLook?: string;
  /** How long ago that is; null for never. */
  readonly oldestRegionMinutes?: number | null;
  /** What is unusual and no channel took yet; absent where there is none. */
  readonly notTold?: readonly { readonly says: string; readonly foundAt: string }[];
  /** USD an hour, expected, of each kind that ran since the ledger began. */
  readonly burnByKind: Readonly<Record<string, number | 'unknown'>>;
}

/** A project of the scope whose burn is not known. */
export interface UnknownBurn {
  readonly project: string;
  readonly notEvaluable: string;
}

/** A budget, with its line of spend where that can be told. */
export interface BudgetReport extends BudgetEvidence {
  readonly periodEnd?: string;
  /** Absent where nothing was seen and not all was looked at. */
  readonly burnUsdPerHour?: Band;
  readonly reports?: readonly { readonly at: string; readonly usd: number }[];
  readonly line?: readonly SpendSample[];
}

export interface HourChange extends Omit<Change, 'atMs'> {
  /** The look that saw it, RFC 3339. */
  readonly at: string;
}

/** The burn of the scope, or of one project of it. USD. */
export interface BurnReport {
  readonly generatedAt: string;
  readonly scope: readonly string[];
  readonly total: ScopeBurn;
  readonly projects: readonly ProjectBurn[];
  readonly notEvaluable: readonly UnknownBurn[];
  readonly budgets: readonly BudgetReport[];
  readonly top: readonly TopResource[];
  /** Of the last hour, the latest first. */
  readonly changes: readonly HourChange[];
  /** What could not be read. */
  readonly incomplete: readonly Gap[];
  /** What no number counts, whatever was looked at. */
  readonly outOfSight: readonly string[];
}

/** The sum of what is known. */
export interface ScopeBurn {
  /** Something could not be looked at: there may be more. */
  readonly partial: boolean;
  /** Something that is counted was not seen again: there may be less. */
  readonly mayBeLess: boolean;
  readonly burnUsdPerHour: KnownBand;
  readonly todayUsd: KnownBand;
  readonly monthUsd: KnownBand;
  readonly monthEndUsd: KnownBand;
  readonly resources: number;
  readonly unpriced: number;
}

/** One project's part of the report. */
export interface ProjectPart {
  readonly burn: ProjectBurn | UnknownBurn;
  readonly top: readonly TopResource[];
  readonly changes: readonly HourChange[];
}

/** What a ledger says of now; a ledger that cannot be used says why. Pure. */
export function projectPart(project: string, read: ReadLedger, config: Config, nowMs: number): ProjectPart {
  if (read.kind !== 'ledger') return { burn: { project, notEvaluable: read.why }, top: [], changes: [] };
  const { ledger } = read;
  const { lookedMs, completeMs, gaps = [], running } = ledger;
  const oldest = oldestRegionLook(ledger, config.regions);
  const minutes = oldestRegionMinutes(ledger, config.regions, nowMs);
  const stale = isStale(ledger, nowMs);
  const untold = notTold(ledger, nowMs).map(({ says, foundMs }) => ({
    ...{ says, foundAt: new Date(foundMs).toISOString() },
  }));
  return {
    burn: {
      project,
      lookedAt: new Date(lookedMs).toISOString(),
      stale,
      complete: completeMs === lookedMs,
      gaps,
      resources: running.length,
      notSeenAgain: stale ? running.length : running.filter(({ seenMs }) => seenMs < lookedMs).length,
      unseenRegions: unseenRegions(ledger, config.regions),
      ...(oldest === undefined ? {} : { oldestRegionLook: oldest }),
      ...(minutes === undefined ? {} : { oldestRegionMinutes: minutes }),
      ...(untold.length === 0 ? {} : { notTold: untold }),
      burnByKind: kindsOf(ledger, config, stale),
      ...burnEvidence(ledger, config, nowMs),
    },
    top: topResources([ledger], nowMs, MAX_TOP),
    changes: (ledger.changes ?? [])
      .filter(({ atMs }) => nowMs - atMs < 60 * MINUTE_MS)
      .map(({ atMs, ...change }) => ({ at: new Date(atMs).toISOString(), ...change })),
  };
}

/** Of a kind that was not there at a look that is long ago it is not known whether it burns nothing still. */
function kindsOf(ledger: Ledger, { regions }: Config, stale: boolean): ProjectBurn['burnByKind'] {
  return Object.fromEntries(
    [...burnByKind(ledger, regions)].map(([kind, { expected }]) => [
      kind,
      expected === undefined || (expected === 0 && stale) ? 'unknown' : cents(expected),
    ]),
  );
}

/** The report of all parts. Pure. */
export function buildReport(
  scope: readonly string[],
  parts: readonly ProjectPart[],
  budgets: readonly BudgetReport[],
  incomplete: readonly Gap[],
  nowMs: number,
): BurnReport {
  const projects: ProjectBurn[] = [];
  const notEvaluable: UnknownBurn[] = [];
  for (const { burn } of parts)
    if ('notEvaluable' in burn) notEvaluable.push(burn);
    else projects.push(burn);
  const most = ({ burnUsdPerHour: burn }: ProjectBurn): number => (burn === 'unknown' ? Infinity : burn.high);
  projects.sort((a, b) => (most(a) === most(b) ? a.project.localeCompare(b.project) : most(b) - most(a)));
  return {
    generatedAt: new Date(nowMs).toISOString(),
    scope,
    total: totalOf(projects, notEvaluable.length + incomplete.length > 0),
    projects,
    notEvaluable,
    budgets,
    top: parts
      .flatMap(({ top }) => top)
      .sort((a, b) => b.usdPerHour.high - a.usdPerHour.high || a.resource.localeCompare(b.resource))
      .slice(0, MAX_TOP),
    changes: parts
      .flatMap(({ changes }) => changes)
      .sort((a, b) => b.at.localeCompare(a.at) || b.usdPerHour - a.usdPerHour)
      .slice(0, MAX_CHANGES),
    incomplete,
    outOfSight: OUT_OF_SIGHT,
  };
}

/** Whether a project may burn more than is known of it. */
export function isPartlyKnown({
  complete,
  stale,
  unseenRegions: unseen,
  oldestRegionLook: oldest,
}: Pick<ProjectBurn, 'complete' | 'stale' | 'unseenRegions' | 'oldestRegionLook'>): boolean {
  return !complete || stale || unseen.length > 0 || oldest === 'never';
}

function totalOf(projects: readonly ProjectBurn[], isPart: boolean): ScopeBurn {
  const sum = (of: (one: ProjectBurn) => KnownBand): KnownBand => {
    const known = projects.map(of).filter((band) => band !== 'unknown');
    return known.length === 0 ? 'unknown' : centsOf(known.reduce(addBands, NO_BAND));
  };
  const count = (of: (one: ProjectBurn) => number): number =>
    projects.reduce((total, one) => total + of(one), 0);
  return {
    partial: isPart || projects.some(isPartlyKnown),
    mayBeLess: projects.some(({ notSeenAgain }) => notSeenAgain > 0),
    burnUsdPerHour: sum((one) => one.burnUsdPerHour),
    todayUsd: sum((one) => one.todayUsd),
    monthUsd: sum((one) => one.monthUsd),
    monthEndUsd: sum((one) => one.monthEndUsd),
    resources: count((one) => one.resources),
    unpriced: count((one) => one.unpriced),
  };
}
