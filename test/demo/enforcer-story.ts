import { z } from 'zod';
import { createClock } from '../sandbox/clock/clock.ts';
import type { InstalledFunction } from '../support/install-function.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { createStorageService, type StorageService } from '../sandbox/services/storage/service.ts';
import { claim } from './claim.ts';
import { headline, type Timed } from './headline.ts';
import { indent, renderTable } from './table.ts';
import { receiptsOfTick, type Stored } from './tick.ts';

interface Place extends Timed, Stored {
  readonly scenario: Pick<Sandbox['scenario'], 'clock' | 'storage'>;
  readonly storage: Stored['storage'] & {
    bucket(name: string): Pick<NonNullable<ReturnType<StorageService['bucket']>>, 'settings'> | undefined;
  };
}

const DAY_MS = 86_400_000;
const HOURS_PER_MONTH = 730;

/** A number, the least and the most that it can be, or only the least. */
const span = z.union([z.number(), z.tuple([z.number(), z.number()]), z.object({ atLeast: z.number() })]);
type Span = z.infer<typeof span>;

const horizon = z.looseObject({ deletedObjects: span, deletedBytes: span });
const rules = z.array(z.unknown());

const decisionSchema = z.looseObject({
  resource: z.string(),
  action: z.string(),
  reason: z.string(),
  outcome: z.string(),
  usdPerHour: z.union([z.number(), z.literal('unpriced')]),
  evidence: z.looseObject({
    why: z.string().optional(),
    /** Findings, of a bucket that is kept only their codes. */
    lint: z
      .array(z.union([z.string(), z.looseObject({ code: z.string() }).transform(({ code }) => code)]))
      .optional(),
    diff: z
      .union([
        z.looseObject({ added: rules, removed: rules, kept: rules, equal: rules }),
        z.looseObject({ kept: z.number(), equal: z.number() }),
      ])
      .optional(),
    forecast: z.looseObject({ within: z.object({ month: horizon, year: horizon }).optional() }).optional(),
  }),
});

const receiptSchema = z.looseObject({ projects: z.array(z.string()), decisions: z.array(decisionSchema) });
type Decided = z.infer<typeof decisionSchema>;

/** The lifecycle enforcer's story: a tick, and then what becomes of the buckets within a year. */
export async function tellEnforcerStory(
  sandbox: Place,
  enforcer: Pick<InstalledFunction, 'name' | 'tick' | 'lines'>,
  bucket: string,
): Promise<void> {
  headline(
    sandbox,
    'Now the buckets: which rules they have, which they should have, and what those would do.',
  );
  const receipts = (await receiptsOfTick(sandbox, enforcer, bucket))
    .map((text) => receiptSchema.parse(JSON.parse(text)))
    .sort((a, b) => (a.projects.join() < b.projects.join() ? -1 : 1));
  for (const { projects, decisions } of receipts) console.log(`${showDecisions(projects, decisions)}\n`);
  const decisions = receipts.flatMap((receipt) => receipt.decisions);
  console.log(`${indent(showSavings(decisions), 0)}\n${indent(showLint(decisions), 0)}`);

  headline(sandbox, 'A year later, on a clock of the buckets’ own: has it come as foretold?');
  await compare(sandbox, decisions);
}

const ORDER = ['patch', 'refuse', 'report', 'keep'];

function showDecisions(projects: readonly string[], decisions: readonly Decided[]): string {
  const sorted = [...decisions].sort((a, b) => ORDER.indexOf(a.action) - ORDER.indexOf(b.action));
  return renderTable(
    [
      { heading: projects.join(', '), width: 36 },
      { heading: 'VERDICT', width: 26 },
      { heading: '$/MONTH', width: 10, align: 'right' },
    ],
    sorted.map((decision) => [
      nameOf(decision),
      `${decision.action}: ${decision.reason.replaceAll('-', ' ')}`,
      showMoney(decision.usdPerHour),
    ]),
    sorted.map(showChange),
  );
}

/** The rules that come and go, and what they delete; or why there are none. */
function showChange(decision: Decided): string {
  const diff = showDiff(decision);
  return [diff === '' ? '' : `rules: ${diff}`, decision.evidence.why ?? showForecast(decision)]
    .filter((part) => part !== '')
    .join('; ');
}

function nameOf({ resource }: Decided): string {
  return resource.replace('projects/_/buckets/', '');
}

function showDiff({ evidence: { diff } }: Decided): string {
  if (diff === undefined) return '';
  const count = (list: unknown): number => (Array.isArray(list) ? list.length : Number(list ?? 0));
  return (
    [
      ['+', diff['added']],
      ['-', diff['removed']],
      ['equal ', diff.equal],
      ['foreign ', diff.kept],
    ] as const
  )
    .map(([sign, list]) => [sign, count(list)] as const)
    .filter(([, number]) => number > 0)
    .map(([sign, number]) => `${sign}${number}`)
    .join(', ');
}

function showForecast({ evidence: { forecast } }: Decided): string {
  const year = forecast?.within?.year;
  if (year === undefined) return '';
  return most(year.deletedObjects) === 0
    ? 'deletes nothing in a year'
    : `deletes in a year ${showSpan(year.deletedObjects, grouped)} objects, ${showSpan(year.deletedBytes, showBytes)}`;
}

function showMoney(usdPerHour: number | 'unpriced'): string {
  if (usdPerHour === 'unpriced') return 'unpriced';
  const usd = usdPerHour * HOURS_PER_MONTH;
  if (usd > 0 && usd < 0.01) return '< $0.01';
  return usd === 0 ? '' : `$${usd.toFixed(2)}`;
}

function showSpan(value: Span, show: (one: number) => string): string {
  if (typeof value === 'number') return show(value);
  return Array.isArray(value) ? `${show(value[0])} to ${show(value[1])}` : `at least ${show(value.atLeast)}`;
}

function least(value: Span): number {
  if (typeof value === 'number') return value;
  return Array.isArray(value) ? value[0] : value.atLeast;
}

function most(value: Span): number {
  if (typeof value === 'number') return value;
  return Array.isArray(value) ? value[1] : Infinity;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

function showBytes(bytes: number): string {
  return bytes >= 1e12 ? `${(bytes / 1e12).toFixed(2)} TB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function showSavings(decisions: readonly Decided[]): string {
  const patched = decisions.filter(({ action }) => action === 'patch');
  const priced = patched.flatMap(({ usdPerHour }) => (usdPerHour === 'unpriced' ? [] : [usdPerHour]));
  const usd = priced.reduce((sum, one) => sum + one, 0) * HOURS_PER_MONTH;
  const unpriced = patched.length - priced.length;
  return `${patched.length} buckets got rules, ${decisions.length - patched.length} were left as they are: a month from now at rest $${usd.toFixed(2)} a month less${unpriced > 0 ? `, and ${unpriced} without a price` : ''} (list prices).`;
}

/** How many buckets have a finding of each kind. */
function showLint(decisions: readonly Decided[]): string {
  const counts = new Map<string, number>();
  for (const { evidence } of decisions)
    for (const code of new Set(evidence.lint)) counts.set(code, (counts.get(code) ?? 0) + 1);
  const kinds = [...counts].sort(([, a], [, b]) => b - a).map(([code, count]) => `${count} × ${code}`);
  return `The receipts also say, with the rule and the reason: ${kinds.join(', ') || 'nothing'}.`;
}

/** Lets the buckets age with the rules that they have now, and without them, and holds both against the forecasts. */
async function compare(sandbox: Place, decisions: readonly Decided[]): Promise<void> {
  const patched = decisions.filter(({ action }) => action === 'patch');
  const withRules = await age(sandbox, patched.map(nameOf));
  const without = await age(sandbox, []);
  let right = 0;
  const rows = patched.flatMap((decision) => {
    const { month, year } = decision.evidence.forecast?.within ?? {};
    if (month === undefined || year === undefined) return [];
    const name = nameOf(decision);
    const extra = (days: number): number => withRules(name, days) - without(name, days);
    const horizons = [
      ['month', month, 30],
      ['year', year, 365],
    ] as const;
    // What falls due on the last day may come up to a day later.
    const cameAsForetold = ([, { deletedObjects }, days]: (typeof horizons)[number]): boolean =>
      Math.min(extra(days), extra(days + 1)) <= most(deletedObjects) &&
      least(deletedObjects) <= Math.max(extra(days), extra(days + 1));
    if (horizons.every(cameAsForetold)) right += 1;
    if (most(year.deletedObjects) === 0 && extra(366) === 0) return [];
    return horizons.map((horizon) => {
      const [within, { deletedObjects }, days] = horizon;
      return [
        within === 'month' ? name : '',
        within,
        showSpan(deletedObjects, grouped),
        grouped(extra(days + 1)),
        grouped(without(name, days + 1)),
        cameAsForetold(horizon) ? 'yes' : 'NO',
      ];
    });
  });
  console.log(
    renderTable(
      [
        { heading: 'OBJECTS DELETED', width: 32 },
        { heading: 'WITHIN', width: 6 },
        { heading: 'FORETOLD', width: 10, align: 'right' },
        { heading: 'CAME', width: 8, align: 'right' },
        { heading: 'ANYWAY', width: 6, align: 'right' },
        { heading: 'AGREE', width: 5 },
      ],
      rows,
    ),
  );
  console.log(`\n${right} of ${patched.length} forecasts came true; a deletion may come up to a day late.`);
  claim(patched.length > 0, 'a bucket gets rules');
  claim(right === patched.length, 'each forecast comes true');
}

/** Ages the scenario's buckets; those that are named have the rules that they have in the sandbox now. */
async function age(
  { storage: now, scenario, clock: present }: Place,
  changed: readonly string[],
): Promise<(bucket: string, withinDays: number) => number> {
  const buckets = (scenario.storage?.buckets ?? []).map((seed) => {
    const lifecycle = now.bucket(seed.name)?.settings.lifecycle;
    return changed.includes(seed.name) && lifecycle !== undefined ? { ...seed, lifecycle } : seed;
  });
  const startMs = Date.parse(scenario.clock ?? '');
  const clock = createClock({ startMs, frozen: true });
  const storage: StorageService = createStorageService({
    clock,
    projectNumberOf: () => '1',
    seed: { buckets },
  });
  await clock.advance(367 * DAY_MS);
  const foretoldMs = present.now();
  return (bucket, withinDays) =>
    storage
      .lifecycleActions(bucket)
      .filter(({ atMs }) => atMs <= foretoldMs + withinDays * DAY_MS)
      .filter((action) => action.type === 'Delete' && action.left !== 'noncurrent').length;
}
