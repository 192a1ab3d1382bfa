import { describe, expect, it } from 'vitest';
import { burnTable } from '../../../deploy/commands/burn-table.ts';
import { renderBurnPage } from '../../../functions/spend-watch/report/page.ts';
import { accrue } from '../../../shared/spend/accrue.ts';
import { BURNING, known, ledgerOf, messagesOf, NOW, reportOf, vm } from '../../support/burn-lab.ts';

const HOUR = 3_600_000;
const NAME = 'a-name-of-a-machine-that-is-as-long-as-compute-engine-allows-63';

const MANY = ledgerOf((atMs) =>
  Array.from({ length: 14 }, (_, at) =>
    vm(`${NAME}${at}`, 88.49 + at, {
      owner: `${'owner-'.repeat(10)}${at}`,
      description: '8 x a3-highgpu-8g with 8 x nvidia-h100-80gb, in a group of machines of one reservation',
      ...(at % 2 === 0 ? {} : { startedMs: atMs - (at % 3) * HOUR }),
    }),
  ),
);
const UNPRICED = ledgerOf(() => [
  vm('new-machine', 0, {
    rate: { low: 0, expected: 0, high: 10 },
    unpriced: 'a9-future-8g has no price in the book of 2026-11-26',
    owner: 'linus',
  }),
]);
const CUT = ledgerOf(() => [], NOW, false);
const STALE = ledgerOf(() => [vm('calm', 0.74)], NOW - 2 * HOUR);
const NO_RIGHT = {
  kind: 'none',
  why: 'the ledger cannot be read: HTTP 403: costguard@example.com does not have storage.objects.get access to the object',
} as const;

const UNTOLD = [
  {
    ...{ key: 'burn', kind: 'burn-rose' as const, resource: 'projects/ml-burn', usdPerHour: 89.23 },
    says: 'ml-burn burns $89.23/h, 120.6 times the $0.74/h of the highest hour of the day before.',
    foundMs: NOW - HOUR,
  },
];

const REPORTS = {
  untold: reportOf({ 'ml-burn': known({ ...BURNING, untold: UNTOLD }) }, undefined),
  burning: reportOf({ 'ml-burn': known(BURNING) }, messagesOf()),
  many: reportOf(
    {
      ...Object.fromEntries(
        Array.from({ length: 12 }, (_, at) => [`ml-project-with-a-long-name-${at}`, known(MANY)]),
      ),
      'ml-new': { kind: 'none', why: 'there is no ledger yet' },
    },
    messagesOf({
      amount: 1_500_000,
      displayName: 'A budget whose name takes all of the sixty characters, so to say',
    }),
  ),
  unpriced: reportOf({ 'ml-burn': known(UNPRICED) }, messagesOf({ currencyCode: 'EUR' })),
  cut: reportOf({ 'ml-burn': known(CUT) }, undefined),
  stale: reportOf({ 'ml-burn': known(STALE) }, undefined),
  refused: reportOf({ 'ml-burn': NO_RIGHT }, undefined),
};

const lines = (name: keyof typeof REPORTS): readonly string[] => burnTable(REPORTS[name]).split('\n');

describe('the burn for a terminal', () => {
  it.each(Object.keys(REPORTS) as (keyof typeof REPORTS)[])(
    '%s: no line over 80 columns but names',
    (name) => {
      for (const line of lines(name)) if (line.length > 80) expect(line).toMatch(/^ {4}projects\/\S+$/);
      expect(lines(name).join('\n')).not.toMatch(/undefined|NaN|Invalid|\[object/);
    },
  );

  it('tells burn, today and the month’s end, at the least, expected and at the most', () => {
    const text = lines('burning').join('\n');
    expect(text).toMatch(/Burn an hour +\$89\.23 +\$80\.31 – \$89\.23/);
    for (const title of ['Today', 'This month', 'Month’s end at this burn'])
      expect(text).toMatch(new RegExp(`${title} +\\$[\\d,.]+ +\\$[\\d,.]+ – \\$[\\d,.]+\n`));
    expect(text).toContain('2 resources bill by the hour.');
  });

  it('tells where each budget stands, and when each rung is reached', () => {
    const text = lines('burning').join('\n');
    const [budget] = REPORTS.burning.budgets;
    expect(text).toContain('Budget ML, monthly');
    expect(text).toContain(`${Math.round((budget?.share ?? NaN) * 100)} % of $600.00`);
    expect(text).toMatch(/ {2}50 % notify +\$300 {2}reached/);
    expect(text).toMatch(/100 % stop-compute +\$600 {2}(?:\d+ Nov 2026, \d\d:\d\d|expected to be reached)/);
  });

  it('says why a budget whose ledger began within its period has no upper point', () => {
    const { period } = messagesOf();
    const since = { ...period, startMs: BURNING.sinceMs - 10 * HOUR, points: [] };
    const report = reportOf({ 'ml-burn': known(BURNING) }, messagesOf({ period: since }));
    const why = 'or more, for reports do not hold all yet of what ran before the ledgers began';
    expect(burnTable(report).replaceAll(/\s+/g, ' ')).toContain(why);
    expect(renderBurnPage(report).text).toContain(why);
    expect(report.budgets[0]?.partialWhy).toBe(why.replace('or more, for ', ''));
  });

  it('gives a budget no upper point where not all could be seen', () => {
    const before = ledgerOf(() => [vm('calm', 0.74)], NOW - HOUR / 12);
    const cut = accrue(before, { project: 'ml-burn', atMs: NOW, resources: [], complete: false });
    const text = burnTable(reportOf({ 'ml-burn': known(cut) }, messagesOf()));
    expect(text.replace(/\s+/g, ' ')).toMatch(
      /Spent by now, expected: \$[\d,.]+, \d+ % of \$600\.00; \$[\d,.]+ or more, for not all was looked at\./,
    );
    expect(text).toMatch(/100 % stop-compute +\$600 .* not known/);
    for (const line of text.split('\n')) if (line.length > 80) expect(line).toMatch(/^ {4}projects\/\S+$/);
  });

  it('says that what ran before the ledgers began is known by reports alone', () => {
    const { period } = messagesOf();
    const early = reportOf(
      { 'ml-burn': known(BURNING) },
      messagesOf({ period: { ...period, startMs: period.startMs - 10 * HOUR } }),
    );
    const says = /before the ledgers began is known by what is reported alone/;
    expect(burnTable(early).replace(/\s+/g, ' ')).toMatch(says);
    expect(renderBurnPage(early).text).toMatch(/Before the ledgers began.*known by what is reported alone/s);
    expect(lines('burning').join(' ').replace(/\s+/g, ' ')).not.toMatch(says);
    expect(renderBurnPage(REPORTS.burning).text).not.toContain('Before the ledgers began');
  });

  it('says since when it counts, where that is within the month', () => {
    const young = { ...BURNING, sinceMs: NOW - 20 * HOUR };
    const table = (books: Parameters<typeof reportOf>[0]): string =>
      burnTable(reportOf(books, undefined)).replaceAll(/\s+/g, ' ');
    expect(table({ 'ml-burn': known(young) })).toContain(
      'Counted since the first look, on 18 Nov 2026: no number has what came before.',
    );
    const older = { ...BURNING, sinceMs: NOW - 200 * HOUR };
    expect(
      table({ 'ml-a': known(older), 'ml-b': known(young), 'ml-c': known(BURNING), 'ml-d': NO_RIGHT }),
    ).toContain(
      '2 of 3 projects are counted since the first look at them, the latest since 18 Nov 2026: no number has what came before.',
    );
    expect(table({ 'ml-burn': known(BURNING) })).not.toContain('ounted since');
  });

  it('writes a rung between two percents as the policy has it', () => {
    const { burning } = REPORTS;
    const rungs = (burning.budgets[0]?.rungs ?? []).map((rung) => ({ ...rung, at: 0.125 }));
    const text = burnTable({ ...burning, budgets: burning.budgets.map((one) => ({ ...one, rungs })) });
    expect(text).toContain('12.5 % notify');
    expect(text).not.toContain('13 %');
  });

  it('names the top resources with rate, age and owner, and what changed within the hour', () => {
    const all = lines('burning');
    const at = all.indexOf('    projects/ml-burn/zones/us-central1-a/instances/runaway');
    expect(all[at - 1]).toBe('  $79.64/h to $88.49/h     0.8 h  vm, 1 x a3-highgpu-8g; owner grace');
    expect(all.join('\n')).toMatch(/appeared {2}\+\$88\.49 an hour {2}vm\n {4}projects\S+runaway/);
    expect(all.join('\n')).toMatch(/ {2}grace +\$88\.49 +\$[\d.]+ +\$/);
  });

  it('says what has no price, and counts it nowhere as nothing', () => {
    const text = lines('unpriced').join('\n');
    expect(text).toMatch(/Burn an hour +unpriced +\$0\.00 – \$10\.00/);
    expect(text).toContain('1 resource bills by the hour; 1 of them without a price');
    expect(text.replaceAll('\n', ' ').replace(/ +/g, ' ')).toContain(
      'unpriced: a9-future-8g has no price in the book of 2026-11-26',
    );
    expect(text).toContain('Not evaluable: it counts in EUR, and the watch prices in USD');
  });

  it.each(['cut', 'refused'] as const)('%s: what could not be read is unknown, and no amount', (name) => {
    const text = lines(name).join('\n');
    expect(text).toMatch(/Burn an hour +unknown +(?:no look has seen all|no look is known)/);
    expect(text).toContain('Not all is known; what is missing is not zero');
    expect(text).not.toContain('$');
    expect(text).not.toContain('Nothing appeared');
  });

  it('says that a number is of an old look, and neither at the least nor at the most', () => {
    const text = lines('stale').join('\n');
    expect(text).toMatch(/Burn an hour +about \$0\.74 +not known/);
    expect(text).toMatch(/Today +about \$[\d.]+ +\$[\d.]+ or more/);
    expect(text).toContain('1 resource was seen that bills by the hour.');
    expect(text).toContain('What was not seen again may be gone.');
    expect(text).toMatch(/owner ada; not\s+seen again/);
    expect(text).toMatch(/- ml-burn: last seen at 18 Nov 2026, 19:40 UTC; what runs now is not known/);
  });

  it('says how old what is known of regions is, where they are looked at in turn', () => {
    const looks = { listedMs: NOW, held: {}, failed: [], answered: {} };
    const of = (ageMs: number): string => {
      const regions = { 'us-central1': NOW, 'asia-east1': NOW - ageMs };
      const ledger = known({ ...BURNING, looks: { ...looks, regions } });
      return burnTable(reportOf({ 'ml-burn': ledger }, undefined)).replace(/\s+/g, ' ');
    };
    expect(of(2 * HOUR)).toContain(
      'looked at in turn: the oldest look, at one of ml-burn, is 2 hours old. A job that both began and ended between two of these looks counts at the next one; an endpoint, pool or runtime is in no bound.',
    );
    expect(of(NOW)).toContain('in turn: one of ml-burn was not looked at yet.');
    expect(of(NOW)).toContain(
      '- ml-burn: 1 region of Vertex AI was not looked at within six hours: asia-east1',
    );
    expect(of(NOW)).toMatch(/Burn an hour at least \$89\.23 \$80\.31 or more/);
    expect(of(0)).not.toContain('in turn');
  });

  it('does not say that nothing runs, or changed, where a region was looked at earlier or not yet', () => {
    const calm = ledgerOf(() => []);
    const of = (ageMs: number): string => {
      const regions = { 'us-central1': NOW, 'asia-east1': NOW - ageMs };
      const looks = { listedMs: NOW, held: {}, failed: [], answered: {}, regions };
      return burnTable(reportOf({ 'ml-burn': known({ ...calm, looks }) }, undefined));
    };
    expect(of(0)).toMatch(/Burn an hour +\$0\.00 +\$0\.00\n/);
    expect(of(0)).toContain('Nothing runs of what is looked at.');
    expect(of(0)).toContain('Nothing appeared, and nothing is gone.');
    expect(of(2 * HOUR)).toMatch(/Burn an hour +\$0\.00 +\$0\.00\n/);
    expect(of(2 * HOUR)).toContain('some regions were looked at earlier.');
    for (const unseen of [of(7 * HOUR), of(NOW)]) {
      expect(unseen).toMatch(/Burn an hour +unknown +no look has seen all/);
      expect(unseen).toContain('not all could be looked at.');
      expect(unseen).not.toMatch(/\$|Nothing runs|Nothing appeared/);
    }
  });

  it('shows the first of long lists, and says how many there are', () => {
    const text = lines('many').join('\n');
    expect(text).toContain('and 3 more: --format json');
    expect(text).toContain('and 10 more: --format json');
    expect(text).toContain('- ml-new: not evaluable, there is no ledger yet');
  });

  it('has a row of each project, also where nothing is known of it, and does not say that nothing changed there', () => {
    expect(lines('many').join('\n')).toMatch(/^ {2}ml-new +unknown +unknown +unknown$/m);
    const refused = lines('refused').join('\n');
    expect(refused).toMatch(/Burn an hour +unknown +no look is known/);
    expect(refused).toContain('What changed is not known.');
    const page = renderBurnPage(REPORTS.refused).text;
    expect(page).toContain('What changed is not known.');
    expect(page).not.toMatch(/no look has seen all|Nothing appeared/);
    expect(renderBurnPage(REPORTS.many).text).not.toContain('1 listings');
  });

  it('names what no channel took, as page and JSON do', () => {
    const says = /burns \$89\.23\/h, 120\.6 times .* Seen at 18 Nov 2026, 20:40 UTC\./;
    const text = lines('untold').join(' ').replaceAll(/\s+/g, ' ');
    expect(text).toContain('No channel took this yet; each look tries again');
    expect(text).toMatch(says);
    expect(renderBurnPage(REPORTS.untold).text).toMatch(says);
    expect(REPORTS.untold.projects[0]?.notTold).toHaveLength(1);
    expect(lines('burning').join('\n')).not.toContain('No channel');
    expect(renderBurnPage(REPORTS.burning).text).not.toContain('Not told yet');
  });
});
