import * as z from 'zod/mini';
import { readJson, type Gcloud } from './gcloud.ts';
import { parseList, type NoteUnread } from './read-answer.ts';
import type { Desired } from '../desired/desired.ts';

/**
 * List prices in USD of a tier 1 region, as of 2026-11-26, before free tiers.
 * Cloud Run, billed by request: cloud.google.com/run/pricing (vCPU and GiB from memory, not checked at the source).
 * Monitoring reads since 2025-10-02: cloud.google.com/stackdriver/pricing; the first million a month is free.
 * Monitoring points: ibid., "All Monitoring data" up to 100,000 MiB, and 8 bytes for each point of a number; the first 150 MiB are free.
 * Storage operations, Standard: cloud.google.com/storage/pricing-examples.
 */
const USD = {
  perRequest: 0.4 / 1e6,
  perVcpuSecond: 0.000024,
  perGibSecond: 0.0000025,
  perSeries: 0.5 / 1e6,
  perMib: 0.258,
  perClassA: 0.005 / 1_000,
  perClassB: 0.0004 / 1_000,
} as const;

const BYTES_PER_POINT = 8;
const MIB = 2 ** 20;

/** What a function with 512 MiB gets (function.yaml of each); the vCPU from memory. */
const VCPUS = 1 / 3;
const GIB = 0.5;

/** Cloud Run bills time in steps of this. */
const STEP_SECONDS = 0.1;

const MONTH_MS = (365 / 12) * 86_400_000;
const DAYS = 7;
const MAX_RUNS = 2_000;

const lineSchema = z.looseObject({
  jsonPayload: z.looseObject({
    receipt: z.looseObject({
      startedAt: z.string(),
      finishedAt: z.string(),
      apiCalls: z.record(z.string(), z.number()),
      seriesRead: z.optional(z.looseObject({ total: z.number() })),
      pointsWritten: z.optional(z.number()),
      /** Decisions that are not to keep, each a line of the log. */
      outcomes: z.optional(z.record(z.string(), z.number())),
    }),
  }),
});

/** What one run said of itself. */
export type RunCounts = z.infer<typeof lineSchema>['jsonPayload']['receipt'];

/** What a function takes in a month at the pace of its last runs; `usd` is undefined where a part of it is unknown. */
export interface OwnCost {
  readonly runs: number;
  readonly calls: number;
  readonly series: number | undefined;
  /** Written to Monitoring. */
  readonly points: number;
  readonly seconds: number;
  /** Messages published. */
  readonly publishes: number;
  /** Decisions that are a line of the log each. */
  readonly outcomes: number;
  readonly usd: number | undefined;
}

/** The receipts of a function in the log of the past week, the last {@link MAX_RUNS} of them. */
export async function readRunCounts(
  gcloud: Gcloud,
  { project }: Pick<Desired, 'project'>,
  name: string,
  note: NoteUnread,
): Promise<readonly RunCounts[]> {
  const filter = `resource.type="cloud_run_revision" AND resource.labels.service_name="${name}" AND jsonPayload.receipt.function="${name}"`;
  const args = ['logging', 'read', filter, `--limit=${MAX_RUNS}`, `--freshness=${DAYS}d`];
  const command = [...args, `--project=${project}`];
  const lines = parseList(command, lineSchema, await readJson(gcloud, command), note);
  return lines.map(({ jsonPayload }) => jsonPayload.receipt);
}

/** Undefined when there are not two ticks, so that their pace is unknown. */
export function ownCost(runs: readonly RunCounts[]): OwnCost | undefined {
  // The runs of one tick, one a project, begin within the same minute.
  const ticks = [...new Set(runs.map(({ startedAt }) => Math.floor(Date.parse(startedAt) / 60_000)))];
  const spanMs = (Math.max(...ticks) - Math.min(...ticks)) * 60_000;
  if (ticks.length < 2 || !(spanMs > 0)) return undefined;
  const perMonth = MONTH_MS / (spanMs * (ticks.length / (ticks.length - 1)));
  const sum = (of: (run: RunCounts) => number): number =>
    perMonth * runs.reduce((total, run) => total + of(run), 0);
  const calls = (run: RunCounts, which: RegExp): number =>
    Object.entries(run.apiCalls).reduce((total, [name, count]) => total + (which.test(name) ? count : 0), 0);
  const seriesKnown = runs.every(
    (run) => run.seriesRead !== undefined || calls(run, /^monitoring\.\w+\.list$/) === 0,
  );
  const series = seriesKnown ? sum(({ seriesRead }) => seriesRead?.total ?? 0) : undefined;
  const points = sum(({ pointsWritten = 0 }) => pointsWritten);
  const seconds = sum(secondsOf);
  const others =
    runs.length * perMonth * USD.perRequest +
    usdOfPoints(points) +
    seconds * (VCPUS * USD.perVcpuSecond + GIB * USD.perGibSecond) +
    sum((run) => calls(run, /^storage\.\w+\.(?!get)/)) * USD.perClassA +
    sum((run) => calls(run, /^storage\.\w+\.get/)) * USD.perClassB;
  return {
    runs: runs.length * perMonth,
    calls: sum((run) => calls(run, /./)),
    series,
    points,
    seconds,
    publishes: sum((run) => calls(run, /^pubsub\.topics\.publish$/)),
    outcomes: sum(({ outcomes = {} }) => Object.values(outcomes).reduce((total, one) => total + one, 0)),
    usd: series === undefined || Number.isNaN(others) ? undefined : others + series * USD.perSeries,
  };
}

function usdOfPoints(points: number): number {
  return ((points * BYTES_PER_POINT) / MIB) * USD.perMib;
}

function secondsOf({ startedAt, finishedAt }: RunCounts): number {
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
  return Math.max(STEP_SECONDS, Math.ceil(seconds / STEP_SECONDS) * STEP_SECONDS);
}

const WIDTHS = [22, 9, 11, 12, 11, 10] as const;

/** A table of at most 80 columns with its total. What is unknown makes the total a lower bound. */
export function showOwnCost(costs: ReadonlyMap<string, OwnCost | undefined>): string {
  const row = (...cells: readonly string[]): string =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(WIDTHS[0]) : cell.padStart(WIDTHS[at] ?? 0))).join('');
  const lines = [...costs].map(([name, cost]) =>
    cost === undefined
      ? row(name, 'unknown', 'unknown', 'unknown', 'unknown', 'unknown')
      : row(
          name,
          count(cost.runs),
          count(cost.calls),
          count(cost.series),
          count(cost.seconds),
          money(cost.usd),
        ),
  );
  const known = [...costs.values()].flatMap((cost) => cost?.usd ?? []);
  const total = known.reduce((sum, usd) => sum + usd, 0);
  const all = known.length === costs.size;
  const points = [...costs.values()].reduce((sum, cost) => sum + (cost?.points ?? 0), 0);
  return [
    'What costguard itself costs a month, at the pace of the past 7 days:',
    row('', 'runs', 'calls', 'series', 'seconds', 'USD'),
    ...lines,
    row('total', '', '', '', '', known.length === 0 ? 'unknown' : all ? money(total) : `>= ${money(total)}`),
    'List prices of 2026-11-26 (tier 1 region) before free tiers: the first million',
    'series is free.',
    ...(points > 0 ? pointLines(points) : []),
  ].join('\n');
}

function pointLines(points: number): readonly string[] {
  const mib = (points * BYTES_PER_POINT) / MIB;
  return [
    `Of it for ${count(points)} points written to Monitoring: ${money(usdOfPoints(points))}`,
    `(${mib.toFixed(1)} MiB at ${USD.perMib}; the first 150 MiB of a billing account are free).`,
  ];
}

function count(value: number | undefined): string {
  return value === undefined ? 'unknown' : Math.round(value).toLocaleString('en-US');
}

/** What rounds to nothing is not nothing. */
function money(usd: number | undefined): string {
  if (usd === undefined) return 'unknown';
  return usd > 0 && usd < 0.01 ? '< 0.01' : usd.toFixed(2);
}
