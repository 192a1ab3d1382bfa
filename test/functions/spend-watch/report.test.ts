import { describe, expect, it } from 'vitest';
import { renderBurnPage } from '../../../functions/spend-watch/report/page.ts';
import { writeMetrics } from '../../../functions/spend-watch/report/metrics.ts';
import { readRequest } from '../../../functions/spend-watch/report/request.ts';
import { burnTable } from '../../../deploy/commands/burn-table.ts';
import { accrue } from '../../../shared/spend/accrue.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import { BURNING, known, ledgerOf, messagesOf, NOW, reportOf, vm } from '../../support/burn-lab.ts';

const HOUR = 3_600_000;
const NOTHING = { kind: 'none', why: 'there is no ledger yet' } as const;

describe('the burn report', () => {
  it('adds up the projects that are known, and says that there are others', () => {
    const { total, notEvaluable } = reportOf({ 'ml-burn': known(BURNING), 'ml-new': NOTHING }, messagesOf());
    expect(total).toMatchObject({ partial: true, resources: 2, burnUsdPerHour: { expected: 89.23 } });
    expect(notEvaluable).toEqual([{ project: 'ml-new', notEvaluable: 'there is no ledger yet' }]);
  });

  it('tells what changed within the last hour, and the age of what runs', () => {
    const { changes, top } = reportOf({ 'ml-burn': known(BURNING) }, messagesOf());
    expect(changes.map(({ what, resource }) => `${what} ${resource.replace(/^.*\//, '')}`)).toEqual([
      'appeared runaway',
    ]);
    expect(top[0]).toMatchObject({ runsForHours: 0.8, cost: '$79.64/h to $88.49/h', owner: 'grace' });
  });

  const regions = (ages: Readonly<Record<string, number>>): NonNullable<Ledger['looks']> => ({
    ...{ listedMs: NOW, held: {}, failed: [], answered: {} },
    regions: Object.fromEntries(Object.entries(ages).map(([name, hours]) => [name, NOW - hours * HOUR])),
  });
  const NEVER = NOW / HOUR;

  it('counts a region that was not seen as more that there may be, and tells how old the oldest look is', () => {
    const of = (ages: Readonly<Record<string, number>>) =>
      reportOf({ 'ml-burn': known({ ...BURNING, looks: regions(ages) }) }, undefined);
    const fresh = of({ 'us-central1': 0, 'asia-east1': 2 });
    expect(fresh.total.partial).toBe(false);
    expect(fresh.projects[0]).toMatchObject({ oldestRegionMinutes: 120, unseenRegions: [] });
    expect(familiesIn(writeMetrics(fresh)).get('costguard_oldest_region_minutes')).toEqual([
      'costguard_oldest_region_minutes{project="ml-burn"} 120',
    ]);
    const old = of({ 'us-central1': 0, 'asia-east1': 7 });
    expect(old.total).toMatchObject({ partial: true, mayBeLess: false });
    expect(old.projects[0]).toMatchObject({ oldestRegionMinutes: 420, unseenRegions: ['asia-east1'] });
    const never = of({ 'us-central1': 0, 'asia-east1': NEVER });
    expect(never.total.partial).toBe(true);
    expect(writeMetrics(never)).not.toContain('oldest_region_minutes');
    expect(never.projects[0]).toMatchObject({ oldestRegionMinutes: null, complete: true });
    expect(of({}).total.partial, 'damaged').toBe(true);
    const { projects, total } = reportOf({ 'ml-burn': known(BURNING) }, undefined);
    expect(projects[0]).not.toHaveProperty('oldestRegionMinutes');
    expect(total.partial).toBe(false);
  });

  it('calls a kind that ran before unknown where a region was not seen, and 0 where all were', () => {
    const calm = ledgerOf((atMs) =>
      atMs > NOW - 2 * HOUR
        ? []
        : [
            vm('calm', 1),
            vm('model', 1, {
              kind: 'endpoint',
              resource: 'projects/ml-burn/locations/asia-east1/endpoints/1',
            }),
          ],
    );
    const of = (hours: number) =>
      reportOf({ 'ml-burn': known({ ...calm, looks: regions({ 'asia-east1': hours }) }) }, undefined);
    expect(of(1).projects[0]?.burnByKind).toEqual({ vm: 0, endpoint: 0 });
    expect(of(7).projects[0]?.burnByKind).toEqual({ vm: 0, endpoint: 'unknown' });
    expect(of(7).projects[0]?.burnUsdPerHour).toBe('unknown');
    expect(writeMetrics(of(7))).toMatch(
      /costguard_kind_burn_usd_per_hour\{project="ml-burn",kind="vm"\} 0\n/,
    );
    expect(writeMetrics(of(7))).not.toMatch(/kind="endpoint"|costguard_burn_usd_per_hour\{/);
  });

  it('counts in low only what the last look saw, and says that there may be less', () => {
    const listing = ['customJobs', 'us-central1'];
    const job = vm('job', 3, {
      ...{ kind: 'custom-job', resource: `projects/ml-burn/locations/${listing[1]}/${listing[0]}/7` },
    });
    const both = ledgerOf(() => [vm('calm', 1), job]);
    const cut = accrue(both, {
      ...{ project: 'ml-burn', atMs: both.lookedMs + 60_000, resources: [job], complete: false, gaps: [] },
    });
    const { total, projects } = reportOf({ 'ml-burn': known(cut) }, undefined);
    expect(total).toMatchObject({ partial: true, mayBeLess: true });
    expect(total.burnUsdPerHour).toEqual({ low: 2.7, expected: 4, high: 4 });
    expect(projects[0]).toMatchObject({ notSeenAgain: 1 });
    expect(writeMetrics(reportOf({ 'ml-burn': known(cut) }, undefined))).not.toMatch(/bound="high"/);
    const stale = reportOf({ 'ml-burn': known(ledgerOf(() => [job], NOW - HOUR)) }, undefined);
    expect(stale.total).toMatchObject({ mayBeLess: true, burnUsdPerHour: { low: 0, expected: 3 } });
    expect(stale.top[0]?.seenNow).toBe(false);
    expect(writeMetrics(stale)).not.toMatch(/burn_usd_per_hour\{/);
  });

  it('says what no number counts: between two looks at a region all but jobs may go unseen', () => {
    expect(reportOf({}, undefined).outOfSight.join('; ')).toMatch(
      /BigQuery.*other than those of jobs that began and ended between two looks, which are hours apart in regions of Vertex AI/,
    );
  });

  it('says on page, in metrics and in the terminal what no number counts', () => {
    const report = reportOf({ 'ml-burn': known(ledgerOf(() => [])) }, undefined);
    const texts = [
      renderBurnPage(report).text,
      writeMetrics(report),
      burnTable(report).replaceAll(/\s+/g, ' '),
    ];
    for (const text of texts)
      expect(text).toMatch(
        /In no number\W[^]*disks,[^]*AutoML training and tuning jobs[^]*runs of notebooks[^]*pods of GKE Autopilot[^]*fees on top of VMs/,
      );
    expect(
      burnTable(report)
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
    expect(texts[0]).not.toContain('all of it priced');
    // Fees have none.
    expect(texts[0]).toContain('each machine has a price');
  });

  it('draws the line of spend up to the present estimate, its range around it', () => {
    const [budget] = reportOf({ 'ml-burn': known(BURNING) }, messagesOf()).budgets;
    const { line = [], spendUsd } = budget ?? {};
    expect(line).toHaveLength(40);
    expect(line.at(-1)).toEqual({ at: new Date(NOW).toISOString(), ...spendUsd });
    expect(line.every(({ low, expected, high }) => low <= expected && expected <= (high ?? NaN))).toBe(true);
  });

  it('gives a budget no upper point after a look that could not see all, and from when on there is none', () => {
    const before = ledgerOf(() => [vm('calm', 0.74)], NOW - HOUR / 12);
    const cut = accrue(before, { project: 'ml-burn', atMs: NOW, resources: [], complete: false });
    const report = reportOf({ 'ml-burn': known(cut) }, messagesOf());
    const [budget] = report.budgets;
    expect(budget).toMatchObject({ partial: true, spendUsd: { high: null } });
    expect(budget?.rungs?.map(({ earliest }) => earliest)).toContain('not known');
    for (const { earliest } of budget?.rungs ?? [])
      expect(earliest).toMatch(/^(reached|may be reached|not known)$/);
    expect(budget?.line?.at(-1)?.high).toBeNull();
    expect(budget?.line?.at(-2)?.high).toBeGreaterThan(0);
    const spend = familiesIn(writeMetrics(report)).get('costguard_budget_spend_usd') ?? [];
    expect(spend.map((line) => /bound="(\w+)"/.exec(line)?.[1])).toEqual(['low', 'expected']);
    expect(renderBurnPage(report).text).toMatch(/\$[\d,.]+<\/data> or more, for not all was looked at/);
    const whole = reportOf({ 'ml-burn': known(BURNING) }, messagesOf());
    expect(whole.budgets[0]).toMatchObject({
      partial: false,
      spendUsd: { high: expect.any(Number) as number },
    });
    expect(whole.budgets[0]?.line?.every(({ high }) => high !== null)).toBe(true);
  });

  it('calls what a budget has spent unknown where nothing was seen, and not all was looked at', () => {
    const none = messagesOf({ period: { ...messagesOf().period, points: [] } });
    const nothing = accrue(undefined, { project: 'ml-burn', atMs: NOW, resources: [], complete: false });
    const report = reportOf({ 'ml-burn': known(nothing) }, none);
    const { text } = renderBurnPage(report);
    expect(text).toMatch(/unknown, of \$600\.00/);
    expect(text).not.toMatch(/\$0\.00 expected/);
    expect(report.budgets[0]?.rungs?.map(({ when }) => when)).toEqual(Array(4).fill('not known'));
    expect(burnTable(report)).not.toContain('not in this period');
    const spend = familiesIn(writeMetrics(report)).get('costguard_budget_spend_usd') ?? [];
    expect(spend.join()).not.toMatch(/expected|high/);
  });

  it('shows each hidden character of a name by its number, on page and terminal', () => {
    const name = 'esc\u001B[2J, right to left \u202E';
    const strange = ledgerOf(() => [vm(name, 4, { description: name, owner: name })]);
    const books = { 'ml-burn': known(strange), [name]: { kind: 'none', why: name } } as const;
    const report = reportOf(books, messagesOf({ displayName: name }));
    for (const text of [burnTable(report), renderBurnPage(report).text]) {
      expect(text.match(/[\u001B\u202E]/g)).toBeNull();
      expect(text).toMatch(/Budget esc⟨U\+001B⟩\[2J/);
    }
  });

  it('says that a look is stale, and that a listing failed', () => {
    const old = ledgerOf(() => [], NOW - 2 * HOUR);
    const cut = ledgerOf(() => [], NOW, false);
    const { projects } = reportOf({ old: known(old), cut: known(cut) }, undefined);
    expect(projects.find(({ stale }) => stale)?.burnUsdPerHour).toBe('unknown');
    expect(projects.find(({ complete }) => !complete)?.burnUsdPerHour).toBe('unknown');
  });
});

/** The ABNF of OpenMetrics 1.0, https://prometheus.io/docs/specs/om/open_metrics_spec, for gauges. */
const METRIC_NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const NUMBER = '[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?';
const DESCRIPTOR = new RegExp(`^# (TYPE|UNIT|HELP) (${METRIC_NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${METRIC_NAME})\\{(${LABEL}(?:,${LABEL})*)\\} ${NUMBER}$`);
/** Base units of the specification, and this product's own: what has none is a count or a state. */
const UNITS = ['seconds', 'minutes', 'usd', 'usd_per_hour'];

/** Families of an exposition, each with its samples. Each needs type, help, and the unit that its name ends in. */
function familiesIn(text: string): ReadonlyMap<string, readonly string[]> {
  const lines = text.split('\n');
  expect(lines.slice(-2)).toEqual(['# EOF', '']);
  const families = new Map<string, string[]>();
  const described = new Map<string, Record<string, string>>();
  let name = '';
  for (const line of lines.slice(0, -2)) {
    const [, kind = '', own = '', rest = ''] = DESCRIPTOR.exec(line) ?? [];
    if (kind === '') {
      const [, sampled, labels = ''] = SAMPLE.exec(line) ?? [];
      expect(sampled, line).toBe(name);
      const names = [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label]) => label);
      expect(new Set(names).size, line).toBe(names.length);
      families.get(name)?.push(line);
      continue;
    }
    if (own !== name) {
      // Families do not interleave: what was begun before does not come again.
      expect(families.has(own), line).toBe(false);
      name = own;
      families.set(name, []);
      described.set(name, {});
    }
    expect(families.get(name), line).toEqual([]);
    expect(described.get(name), line).not.toHaveProperty(kind);
    Object.assign(described.get(name) ?? {}, { [kind]: rest });
  }
  for (const [family, { TYPE, HELP, UNIT }] of described) {
    expect([family, TYPE]).toEqual([family, 'gauge']);
    expect(HELP, family).toMatch(/^[A-Z0-9](?:[^"\\]|\\[n"\\])+\.$/);
    const unit = UNITS.filter((one) => family.endsWith(`_${one}`)).sort((x, y) => y.length - x.length)[0];
    expect([family, UNIT]).toEqual([family, unit]);
  }
  for (const samples of families.values()) {
    expect(samples.length).toBeGreaterThan(0);
    const series = samples.map((line) => line.slice(0, line.lastIndexOf('} ')));
    expect(new Set(series).size).toBe(series.length);
  }
  return families;
}

describe('/metrics', () => {
  it('is a valid exposition with the numbers of the report', () => {
    const report = reportOf({ 'ml-burn': known(BURNING) }, messagesOf());
    const families = familiesIn(writeMetrics(report));
    expect(families.get('costguard_burn_usd_per_hour')).toContain(
      'costguard_burn_usd_per_hour{project="ml-burn",bound="expected"} 89.23',
    );
    expect(families.get('costguard_budget_spend_usd')?.at(-2)).toBe(
      `costguard_budget_spend_usd{budget="billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/b",bound="expected"} ${report.budgets[0]?.spendUsd?.expected}`,
    );
  });

  it('has no sample of what is not known', () => {
    const cut = ledgerOf(() => [], NOW, false);
    const text = writeMetrics(reportOf({ 'ml-burn': known(cut), 'ml-new': NOTHING }, undefined));
    const families = familiesIn(text);
    expect(families.has('costguard_burn_usd_per_hour')).toBe(false);
    expect(families.get('costguard_look_complete')).toEqual([
      'costguard_look_complete{project="ml-burn"} 0',
      'costguard_look_complete{project="ml-new"} 0',
    ]);
  });

  it('has of a look that is long ago what accrued at the least, and no burn of now', () => {
    const old = ledgerOf(() => [vm('calm', 0.74)], NOW - 2 * HOUR);
    const report = reportOf({ 'ml-burn': known(old) }, messagesOf());
    const families = familiesIn(writeMetrics(report));
    for (const name of ['burn_usd_per_hour', 'kind_burn_usd_per_hour', 'month_end_usd', 'unpriced_resources'])
      expect(families.has(`costguard_${name}`), name).toBe(false);
    const bounds = (name: string): readonly (string | undefined)[] =>
      (families.get(`costguard_${name}`) ?? []).map((line) => /bound="(\w+)"/.exec(line)?.[1]);
    expect(bounds('today_usd')).toEqual(['low']);
    expect(bounds('month_usd')).toEqual(['low']);
    // Nor an estimate of a budget that nothing may be done on.
    expect(report.budgets[0]?.blocked).toMatch(/has not looked at ml-burn for 120 minutes/);
    expect(bounds('budget_spend_usd')).toEqual([]);
    expect(families.get('costguard_budget_estimate_blocked')?.[0]).toMatch(/ 1$/);
    expect(families.has('costguard_look_timestamp_seconds')).toBe(true);
  });

  it('is the same with nothing to tell', () => {
    expect(writeMetrics(reportOf({}, undefined))).toBe('# EOF\n');
  });
});

describe('readRequest', () => {
  const request = (path: string, query: object, accept?: string) => () =>
    readRequest({ method: 'GET', path, query: { ...query }, body: undefined, accept });

  it('takes the format of the parameter, of the Accept header, and of /metrics', () => {
    expect(request('/', {})()).toEqual({ project: undefined, format: 'json' });
    expect(request('/', {}, 'text/html')().format).toBe('html');
    const scraper = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
    expect(request('/metrics', { project: 'ml-burn' }, scraper)()).toEqual({
      ...{ project: 'ml-burn', format: 'openmetrics' },
    });
  });

  it('refuses what it does not know', () => {
    expect(request('/other', {})).toThrow(/Cannot find "\/other": there are \/ and \/metrics/);
    expect(request('/', { window: '7d' })).toThrow(/window/);
    expect(request('/', { project: '../x' })).toThrow(/project/);
    expect(request('/metrics', { format: 'json' })).toThrow(/openmetrics/);
    expect(request('/', { format: 'openmetrics' })).toThrow(/json, html/);
  });
});
