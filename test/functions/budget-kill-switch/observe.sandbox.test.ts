import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../shared/run/receipt.ts';
import {
  alert,
  BUDGET,
  budgetScenario,
  changesIn,
  PERIOD,
  RUNAWAY,
  SMALL_PROJECT,
  SWITCH,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { messagesOf, receiptsIn } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const VMS = `projects/${RUNAWAY}/zones/us-central1-a/instances`;
const scenario = budgetScenario({ projects: [SMALL_PROJECT], regions: ['us-central1'] });

const minutes = ({ sandbox }: SwitchWorld, count: number): Promise<void> =>
  sandbox.clock.advance(count * MINUTE_MS);
const fired = async (world: SwitchWorld, share = 1.01): Promise<void> => {
  await world.alert(alert(share));
  await minutes(world, 10);
};
const restored = async (world: SwitchWorld, more: Readonly<Record<string, string>> = {}): Promise<void> => {
  await fired(world);
  expect((await world.restore('POST', { budget: BUDGET, period: PERIOD, ...more })).status).toBe(200);
  await minutes(world, 10);
};
const started = async (world: SwitchWorld): Promise<void> => {
  world.sandbox.fleet.startVm(`${VMS}/vm-1`);
  await minutes(world, 10);
};
/** Places that listings are answered without; the labs share what the project was made from. */
const reach = ({ sandbox }: SwitchWorld, unreachableForCompute: readonly string[]): void =>
  void Object.assign(sandbox.projects.get(RUNAWAY).seed, { unreachableForCompute });
const ZONE = ['us-central1-b'];
const raise = ({ sandbox }: SwitchWorld): void => {
  sandbox.billing.budgets.update(
    { name: BUDGET, amount: { specifiedAmount: { currencyCode: 'USD', units: '2000' } } },
    'amount.specifiedAmount',
  );
};

interface Later {
  readonly state: string;
  readonly before: (world: SwitchWorld) => Promise<void>;
  /** What the mode itself sees before the message that is compared. */
  readonly seen?: (world: SwitchWorld, see: (share: number) => Promise<void>) => Promise<void>;
  readonly share?: number;
  readonly lines?: readonly string[];
  readonly settle?: string;
  /** What both modes have to say at the least: reasons of decisions, or of the log. */
  readonly says: RegExp;
}

const LATER: readonly Later[] = [
  { state: 'the first alert', before: () => Promise.resolve(), says: /vm-1 stop rung-100-percent/ },
  { state: 'only the lowest rung', before: () => Promise.resolve(), share: 0.85, says: /nb-1 stop rung-80-percent/ },
  { state: 'all rungs at once', before: () => Promise.resolve(), share: 1.3, says: /ml-runaway unlink rung-120-percent/ },
  { state: 'in force, and nothing runs', before: fired, says: /have fired before/ },
  {
    state: 'in force, and a VM came back',
    before: async (world) => {
      await fired(world);
      await started(world);
    },
    says: /vm-1 stop came-back/,
  },
  {
    state: 'in force, and a VM that came back has a keep label by now',
    before: async (world) => {
      await fired(world);
      await started(world);
      const vm = world.sandbox.fleet.vms.get(`${VMS}/vm-1`);
      if (vm !== undefined) Object.assign(vm, { labels: { 'costguard-keep': 'true' } });
    },
    says: /have fired before/,
  },
  { state: 'in grace', before: (world) => restored(world), share: 1.05, says: /is not in force on ml-runaway/ },
  { state: 'a grace that is used up', before: (world) => restored(world), share: 1.15, says: /vm-1 stop came-back/ },
  {
    state: 'a grace of hours that are over',
    before: async (world) => {
      await restored(world, { grace: '1h' });
      await minutes(world, 61);
    },
    share: 1.02,
    says: /vm-1 stop came-back/,
  },
  {
    state: 'raised and restored, below the new rungs',
    before: async (world) => {
      await fired(world);
      raise(world);
      await restored(world);
    },
    share: 1.2,
    says: /have fired before/,
  },
  {
    state: 'raised, and over the new amount',
    before: async (world) => {
      await restored(world);
      raise(world);
    },
    share: 2.1,
    says: /vm-1 stop came-back/,
  },
  {
    state: 'raised after a look in a grace of hours',
    before: (world) => restored(world, { grace: '5h' }),
    seen: async (world, see) => {
      await see(1.02);
      raise(world);
    },
    share: 2.1,
    says: /vm-1 stop came-back/,
  },
  {
    state: 'in a grace of a share that counts from the cost of a later look',
    before: fired,
    seen: async (world, see) => {
      await see(1.15);
      expect((await world.restore('POST')).status).toBe(200);
      await minutes(world, 10);
    },
    share: 1.2,
    says: /is not in force on ml-runaway/,
  },
  {
    state: 'all rungs at once, and a zone out of reach',
    before: (world) => {
      reach(world, ZONE);
      return Promise.resolve();
    },
    share: 1.3,
    settle: '24h',
    says: /keeps 1 unseen/,
  },
  {
    state: 'in force, and then a zone out of reach',
    before: async (world) => {
      await fired(world);
      reach(world, ZONE);
    },
    share: 1.3,
    settle: '24h',
    says: /keeps 1 unseen/,
  },
  { state: 'partly done', before: fired, lines: ['maxActions: 1'], says: /./ },
]; // prettier-ignore

/** A decision with all of its fields but the outcome. */
const shown = ({ resource, action, reason, usdPerHour, evidence }: Decision): string =>
  `${resource} ${action} ${reason} ${usdPerHour} ${JSON.stringify(reason === 'unseen' ? withoutClock(evidence) : evidence)}`;

/** Stopping takes time, and what ran before it is told where nothing was stopped. */
const withoutClock = ({ rung, why }: Decision['evidence']): unknown => [
  rung,
  String(why)
    .replace(/ since [^ ]+:/, ' since then:')
    .replace(/; (?:of what|stop-compute would).*/, ''),
];

/** What one more message decides, in the state that an armed switch has led to. */
async function decidesIn(mode: 'observe' | 'enforce', { before, seen, share = 1.02, lines = [], settle = '0' }: Later): Promise<readonly string[]> {
  const policyOf = (which: typeof mode): string => switchPolicy({ mode: which, lines, settle });
  let said: readonly string[] = [];
  await withSwitch({ scenario, policy: policyOf('enforce') }, async (world) => {
    await before(world);
    const { sandbox } = world;
    const judge = world.start({ policy: policyOf(mode) });
    await seen?.(world, async (seenShare) => {
      await world.alert(alert(seenShare), judge);
      await minutes(world, 10);
    });
    const [changes, receipts] = [changesIn(sandbox), receiptsIn(sandbox, BUCKET, SWITCH).length];
    const from = judge.lines.length;
    await world.alert(alert(share), judge);
    const decisions = receiptsIn(sandbox, BUCKET, SWITCH)
      .slice(receipts)
      .flatMap(({ decisions: taken, kept }) => [
        ...taken.map(shown),
        ...Object.entries(kept).flatMap(([reason, count]) =>
          // A rung that an earlier run left with nothing to do is closed without a word.
          reason === 'fired-before' ? [] : [`keeps ${count} ${reason}`],
        ),
      ]);
    const logged = (['WARNING', 'INFO'] as const)
      .flatMap((severity) => messagesOf(judge.lines.slice(from), severity))
      .filter((text) => /not in force|have fired before|over budgets\.maxActions/.test(text));
    said = [...decisions, ...logged].sort();
    if (mode === 'observe') expect(changesIn(sandbox)).toEqual(changes);
    reach(world, []);
  });
  return said;
} // prettier-ignore

describe('observe mode plans exactly what enforce would do', () => {
  it.each(LATER)('$state', async (later) => {
    const planned = await decidesIn('observe', later);
    expect(planned.join('\n')).toMatch(later.says);
    expect(planned).toEqual(await decidesIn('enforce', later));
  });
});

describe('the alert of an observing switch', () => {
  it('says when the next rung comes at the rate that its own messages tell', () =>
    withSwitch({ scenario, policy: switchPolicy({ mode: 'observe' }) }, async (world) => {
      const alerts = (): readonly string[] =>
        messagesOf(world.lines, 'WARNING').filter((text) => text.startsWith('Would act (observe): '));
      await world.alert(alert(0.85));
      expect(alerts().at(-1)).toContain('Next: stop-compute at 100 % (1,000.00 USD); the present rate is not known yet.');
      await minutes(world, 60);
      await world.alert(alert(0.9));
      expect(alerts().at(-1)).toContain('Next: stop-compute at 100 % (1,000.00 USD), in about 2 h at the present rate.');
      const kept = world.sandbox.storage.objectNames(BUCKET).filter((name) => !name.startsWith('receipts/'));
      expect(kept.filter((name) => !/^spend\/.*\/(?:2026-11-01|figures|heard)\.json$/.test(name))).toEqual([]);
    })); // prettier-ignore
});
