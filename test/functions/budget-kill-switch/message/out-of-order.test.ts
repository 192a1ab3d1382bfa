import { describe, expect, it } from 'vitest';
import { guardBudget } from '../../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../../shared/run/handle-event.ts';
import { fakeGoogle } from '../../../support/fake-google.ts';
import {
  BUDGETS,
  newWorld,
  OWN_PROJECT,
  policyText,
  wireOf,
  type ModelMessage,
} from '../../../support/ladder-model.ts';

const MINUTE_MS = 60_000;
const RESEARCH = 'ml-research';
const BUDGET = BUDGETS[0]?.name ?? '';
const [, ACCOUNT = '', , ID = ''] = BUDGET.split('/');
const START = Date.parse('2026-11-18T12:00:00Z');

type Policy = Parameters<typeof policyText>[0];
const LADDER: Policy = {
  mode: 'enforce',
  basis: 'actual',
  ladder: [
    { atPercent: 50, do: 'notify' },
    { atPercent: 80, do: 'stop-notebooks' },
    { atPercent: 100, do: 'stop-compute' },
    { atPercent: 120, do: 'unlink-billing' },
  ],
};
let policy = LADDER;

const fake = fakeGoogle({
  world: newWorld(),
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () => policyText(policy),
});

/** A message of the first budget that was published so many minutes after noon. */
type Sent = readonly [minute: number, percent: number, more?: Partial<ModelMessage>];

async function deliver(
  data: object,
  attributes: Readonly<Record<string, string>>,
  publishedMs: number,
  id: string,
): Promise<void> {
  const publishTime = new Date(publishedMs).toISOString();
  const message = {
    data: Buffer.from(JSON.stringify(data)).toString('base64'),
    attributes,
    messageId: id,
    publishTime,
  };
  const source = '//pubsub.googleapis.com/projects/p/topics/t';
  await handleEvent(fake.runtime, { id, source, data: { message } }, guardBudget);
}

/** Delivered in this order, each a minute later than the last and not before it was published. */
async function hear(...messages: readonly Sent[]): Promise<void> {
  for (const [minute, percent, more] of messages) {
    const publishedMs = START + minute * MINUTE_MS;
    fake.world.nowMs = Math.max(fake.world.nowMs + MINUTE_MS, publishedMs);
    const { attributes, data } = wireOf({
      ...{ budget: 0, period: 1, percent, namesThreshold: percent >= 50, forecastPercent: undefined },
      ...{ amountPercent: 100, currency: 'USD', ...more },
    });
    await deliver(data, attributes, publishedMs, `${minute}-${percent}`);
  }
}

async function tick(): Promise<void> {
  fake.world.nowMs += 5 * MINUTE_MS;
  await deliver({}, {}, fake.world.nowMs, `tick-${fake.world.nowMs}`);
}

function begin(more: Partial<Policy> = {}): void {
  policy = { ...LADDER, ...more };
  fake.world = newWorld();
  fake.world.nowMs = START;
}

const project = () => fake.world.projects.find(({ id }) => id === RESEARCH);
function startVm(): void {
  project()?.vms.set('vm-1', true);
  fake.world.starts.set(`${RESEARCH}/vm-1`, fake.world.nowMs);
}
const vmRuns = (): boolean | undefined => project()?.vms.get('vm-1');
const stored = (name: string): string => fake.world.objects.get(name)?.text ?? '';
const inForce = (): readonly string[] => {
  const { budgets = {} } = JSON.parse(stored(`spend/in-force/${RESEARCH}.json`) || '{}') as {
    budgets?: Record<string, { rungs: readonly string[] }>;
  };
  return budgets[BUDGET]?.rungs ?? [];
};
const changes = (): readonly string[] =>
  fake.world.changes.filter((change) => change.includes(`${RESEARCH}/`) || change === `unlink ${RESEARCH}`);
const said = (severity: string, pattern: RegExp): readonly string[] =>
  fake.world.lines.flatMap((line) => {
    const entry = JSON.parse(line) as { readonly severity: string; readonly message: string };
    return entry.severity === severity && pattern.test(entry.message) ? [entry.message] : [];
  });
const raise = (units: number): void => {
  const amount = { specifiedAmount: { currencyCode: 'USD', units: String(units) } };
  fake.world.budgets.set(BUDGET, { ...fake.world.budgets.get(BUDGET), amount });
};
const manifest = () =>
  JSON.parse(stored(`manifests/${ACCOUNT}/${ID}/2026-11-01/${RESEARCH}.json`)) as { readonly spent: object };

describe('a message that comes after a newer one of its period', () => {
  it('takes nothing away beyond what the newer one says, tells once that it was reached, and says so', async () => {
    begin();
    await hear([30, 40], [0, 130]);
    expect(fake.world.changes).toEqual([]);
    expect(fake.world.published.filter((text) => text.includes('budget-rung'))).toHaveLength(1);
    expect(said('WARNING', /late-message/)).toEqual([
      'Budget "month": late-message: a message published at 2026-11-18T12:00:00.000Z (130.00 USD) came after one published at 2026-11-18T12:30:00.000Z (40.00 USD), which counts: it does not fire stop-notebooks, stop-compute, unlink-billing.',
    ]);
  });

  it('delivered again after a credit, it stops nothing that runs again', async () => {
    begin();
    await hear([0, 105], [30, 85]);
    startVm();
    await hear([0, 105]);
    await tick();
    expect(vmRuns()).toBe(true);
    expect(inForce()).toEqual(['stop-notebooks']);
  });

  it('releases nothing by a lower figure, and no grace begins with that', async () => {
    begin();
    await hear([30, 105], [0, 85], [5, 30]);
    expect(inForce()).toEqual(['stop-notebooks', 'stop-compute']);
    expect(manifest().spent).toEqual({ share: 1.05, amount: 100 });
    startVm();
    await tick();
    expect(vmRuns()).toBe(false);
    expect(said('WARNING', /late-message/)).toEqual([]);
    expect(said('INFO', /late-message: .*nothing follows from it/)).toHaveLength(2);
  });

  it('makes no cost that stands still one that grows, by which billing is unlinked', async () => {
    begin();
    for (const [name] of project()?.vms ?? []) if (name.endsWith('-kept')) project()?.vms.set(name, false);
    for (const [name] of project()?.notebooks ?? [])
      if (name.endsWith('-kept')) project()?.notebooks.set(name, false);
    const filter = fake.world.budgets.get(BUDGET)?.['budgetFilter'] as object;
    fake.world.budgets.set(BUDGET, {
      ...fake.world.budgets.get(BUDGET),
      budgetFilter: { ...filter, projects: ['projects/101'] },
    });
    const day = 24 * 60;
    await hear([0, 125], [day - 10, 130]);
    // The first figure after the settling time is the one that later ones are compared with.
    fake.world.nowMs += 30 * MINUTE_MS;
    await hear([day - 20, 125], [2 * day + 30, 130]);
    expect(changes().filter((change) => change.startsWith('unlink'))).toEqual([]);
  });

  it('a doubled newest one is none: what came back is stopped by it', async () => {
    begin();
    await hear([0, 90], [30, 105]);
    startVm();
    await hear([30, 105]);
    expect(vmRuns()).toBe(false);
  });

  it.each([
    ['the higher one first', [[0, 105], [0, 85]]],
    ['the lower one first', [[0, 85], [0, 105]]],
  ] as const)('of two of one moment the one that reaches more counts: %s', async (_, messages) => {
    begin();
    await hear(...messages);
    startVm();
    await tick();
    expect(vmRuns()).toBe(false);
    await hear([20, 85]);
    startVm();
    await tick();
    expect(vmRuns()).toBe(true);
  }); // prettier-ignore

  it('from between the last known figure and a jump that waits is no older than that figure', async () => {
    begin({ jump: 0.5 });
    await hear([0, 60], [25, 130]);
    expect(changes()).toEqual([]);
    await hear([10, 85]);
    expect(changes()).toEqual([`stop ${RESEARCH}/nb-1`, `stop ${RESEARCH}/nb-2`]);
  });

  it('of the month before acts on nothing in the new one, whose own messages count', async () => {
    begin();
    const december = (Date.parse('2026-12-01T09:00:00Z') - START) / MINUTE_MS;
    await hear(
      [0, 90],
      [december, 10, { period: 2 }],
      [december - 120, 130],
      [december + 30, 101, { period: 2 }],
    );
    expect(changes().filter((change) => change.startsWith('stop'))).toEqual([
      ...['nb-1', 'nb-2', 'vm-1'].map((name) => `stop ${RESEARCH}/${name}`),
    ]);
    expect(said('WARNING', /period-over/)).toHaveLength(1);
  });

  it('does what enforcing would also while observing', async () => {
    begin({ mode: 'observe' });
    await hear([30, 40], [0, 130]);
    expect(said('WARNING', /late-message: .*does not fire stop-notebooks/)).toHaveLength(1);
    expect(said('WARNING', /^Would act \(observe\)/)).toEqual([
      expect.stringContaining('Due: notify (50 %).'),
    ]);
  });
});

describe('where the threshold rules of the budget are deleted while a rung is in force', () => {
  const NO_RULE = { namesThreshold: false };

  it('messages and ticks hold it on, and each message says so', async () => {
    begin();
    await hear([0, 105], [30, 106, NO_RULE]);
    startVm();
    await hear([60, 107, NO_RULE]);
    expect(vmRuns()).toBe(false);
    startVm();
    await tick();
    expect(vmRuns()).toBe(false);
    expect(inForce()).toEqual(['stop-notebooks', 'stop-compute']);
    expect(
      said(
        'WARNING',
        /names no exceeded threshold .* in force until the share is lower, .*: stop-notebooks \(80 %\), stop-compute \(100 %\)/,
      ),
    ).toHaveLength(2);
  });

  it.each([
    ['the share is lower', () => hear([60, 70, NO_RULE])],
    ['the amount is raised', async () => {
      raise(200);
      await tick();
    }],
  ] as const)('it is released once %s', async (_, release) => {
    begin();
    await hear([0, 105], [30, 106, NO_RULE]);
    await release();
    expect(inForce()).toEqual([]);
    startVm();
    await tick();
    expect(vmRuns()).toBe(true);
  }); // prettier-ignore

  it('what no message reached before does not fire, and is named', async () => {
    begin();
    await hear([0, 85], [30, 105, NO_RULE]);
    await tick();
    expect(vmRuns()).toBe(true);
    expect(said('WARNING', /not fired by such a message: stop-compute \(100 %\)/)).toHaveLength(1);
    // With a rule again it does.
    await hear([60, 105]);
    expect(vmRuns()).toBe(false);
  });

  it.each([
    ['', {}],
    [', delivered again', { again: true }],
    [', after another that reached less', { first: true }],
  ])('a crossing that comes after one without a threshold fires by what that one says%s', async (_, sent) => {
    begin();
    if ('first' in sent) await hear([0, 85]);
    await hear([30, 106, NO_RULE], [15, 105]);
    expect(vmRuns()).toBe(false);
    expect(inForce()).toEqual(['stop-notebooks', 'stop-compute']);
    expect(manifest().spent).toEqual({ share: 1.06, amount: 100 });
    expect(
      said('WARNING', /published at .*12:15:.* came after one published at .*12:30:.*, whose figures count: that one names no exceeded threshold .* in force .*: .*stop-compute \(100 %\)/),
    ).toHaveLength(1);
    startVm();
    await ('again' in sent ? hear([15, 105]) : tick());
    expect(vmRuns()).toBe(false);
    await hear([60, 107, NO_RULE]);
    expect(inForce()).toEqual(['stop-notebooks', 'stop-compute']);
  }); // prettier-ignore

  it.each([
    ['reaches less', [30, 85, NO_RULE], [15, 105], ['stop-notebooks']],
    ['reaches nothing', [30, 40, NO_RULE], [15, 105], []],
    ['names a threshold', [30, 85], [15, 105], ['stop-notebooks']],
  ] as const)('a late crossing fires nothing above the newer message where that %s', async (_, newer, late, held) => {
    begin();
    await hear(newer, late);
    expect(vmRuns()).toBe(true);
    expect(inForce()).toEqual(held);
  }); // prettier-ignore

  it('the next period begins with nothing', async () => {
    begin();
    const december = (Date.parse('2026-12-01T09:00:00Z') - START) / MINUTE_MS;
    await hear([0, 105], [december, 105, { period: 2, ...NO_RULE }]);
    startVm();
    await tick();
    expect(vmRuns()).toBe(true);
  });

  it('observing plans the same', async () => {
    begin({ mode: 'observe' });
    await hear([0, 105], [30, 106, NO_RULE]);
    expect(
      said('WARNING', /^Would act \(observe\): .*Due: stop-notebooks \(80 %\), stop-compute \(100 %\)/),
    ).toHaveLength(1);
  });

  it('a rung that the forecast reached is held while no rule of the forecast says less', async () => {
    begin({ basis: 'either' });
    await hear([0, 60, { forecastPercent: 100 }], [30, 61]);
    startVm();
    await tick();
    expect(vmRuns()).toBe(false);
    const rule = { thresholdPercent: 1, spendBasis: 'FORECASTED_SPEND' };
    fake.world.budgets.set(BUDGET, {
      ...fake.world.budgets.get(BUDGET),
      thresholdRules: [rule, { thresholdPercent: 0.1 }],
    });
    await hear([60, 61]);
    startVm();
    await tick();
    expect(vmRuns()).toBe(true);
  });
});
