import { describe, expect, it } from 'vitest';
import { ledgerObject, printLedger } from '../../../shared/spend/ledger.ts';
import { fakeGoogle } from '../../support/fake-google.ts';
import { OWN_PROJECT, policyText, type ModelPolicy } from '../../support/ladder-model.ts';
import {
  AMOUNT,
  BUDGET,
  LIVE_LADDER,
  type LiveWorld,
  MEMORY,
  MESSAGES,
  startLive,
} from '../../support/live-world.ts';

let policy = LIVE_LADDER;
const fake = fakeGoogle({
  world: { nowMs: 0 } as never,
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () => policyText(policy),
});

async function start(more: Partial<ModelPolicy> = {}): Promise<LiveWorld> {
  policy = { ...LIVE_LADDER, ...more };
  return startLive(fake);
}

const stops = ({ fake: { world } }: LiveWorld): readonly string[] =>
  world.changes.filter((change) => change.startsWith('stop ml-research/vm-1'));

/** The highest rung that an estimate was sure of, as it is kept. */
const sureUsd = (live: LiveWorld): string | undefined =>
  /"sure":\{"periodStartMs":\d+,"usd":([\d.]+)/.exec(live.fake.world.objects.get(MEMORY)?.text ?? '')?.[1];

/** So many dollars an hour; $100 are the budget, and 25 of them are spent. */
const RUNAWAY = 300;

describe('the ladder on spend that is estimated', () => {
  it('stops within a look of the rung, while the message still says 25 %', async () => {
    const live = await start();
    live.burn('ml-research', RUNAWAY);
    while (live.truth() < AMOUNT) await live.round();
    const crossedUsd = live.truth();
    if (stops(live).length === 0) await live.round();
    expect(stops(live)).toHaveLength(1);
    expect(crossedUsd - AMOUNT).toBeLessThanOrEqual((RUNAWAY * 5) / 60 + 0.1);
    const [alert = ''] = live.lines('WARNING').filter((line) => line.startsWith('stop-compute fires'));
    expect(alert).toMatch(
      /that is 2\d[.\d]* %\. Estimated: 1\d\d\.\d\d to [\d,.]+ USD by now, expected 1\d\d\.\d\d \(1\d\d[.\d]* %\), at 300\.06 USD an hour; reported 2026-11-18T\d\d:42:00\.000Z, factor 1\.00, lag [\d.]+ h\. Due/,
    );
  });

  it('names the estimate as the reason, with its numbers, in the receipt', async () => {
    const live = await start();
    live.burn('ml-research', RUNAWAY);
    for (let n = 0; n < 6; n++) await live.round();
    const receipts = [...live.fake.world.objects].filter(([name]) => name.startsWith('receipts/'));
    const text = receipts.map(([, object]) => object.text).join('\n');
    expect(text).toContain('"reason":"estimated-rung-100-percent"');
    const [, evidence = '{}'] = /"estimated":(\{[^}]*\})/.exec(text) ?? [];
    expect(Object.keys(JSON.parse(evidence) as object)).toEqual([
      'why', 'lowUsd', 'expectedUsd', 'highUsd', 'at', 'burnUsdPerHour', 'reportedUsd', 'reportedAt', 'factor', 'lagHours',
    ]); // prettier-ignore
  });

  it('has no upper point after a look that could not see all, and says so in alert and receipt', async () => {
    const live = await start();
    live.burn('ml-research', 60);
    while (live.truth() < 0.42 * AMOUNT) await live.round();
    for (let n = 0; n < 3; n++) {
      live.pass(5);
      live.look(false);
      await live.tick();
    }
    const receipts = [...live.fake.world.objects].filter(([name]) => name.startsWith('receipts/'));
    const text = receipts.map(([, object]) => object.text).join('\n');
    expect(text).toMatch(/Estimated: [\d,.]+ USD or more by now, expected .*, the latest look incomplete\./);
    expect(text).toMatch(/"highUsd":null.*"incomplete":"[^"]*there is no upper bound/);
    expect(text).not.toContain('wider');
  });

  it('never unlinks on it, however much is estimated', async () => {
    const live = await start();
    live.burn('ml-research', 3_000);
    for (let n = 0; n < 8; n++) await live.round();
    expect(live.truth()).toBeGreaterThan(1.2 * AMOUNT);
    await live.message();
    expect(stops(live)).toHaveLength(1);
    expect(live.fake.world.changes.filter((change) => change.startsWith('unlink'))).toEqual([]);
  });

  it('is released with the newest estimate below the rung, says so, and not while there is none', async () => {
    const live = await start();
    const name = 'spend/in-force/ml-research.json';
    const inForce = () => {
      const text = live.fake.world.objects.get(name)?.text ?? '{"budgets":{}}';
      const { budgets } = JSON.parse(text) as {
        budgets: Record<string, { rungs: readonly string[]; estimated?: readonly string[] }>;
      };
      return budgets[BUDGET];
    };
    live.burn('ml-research', RUNAWAY);
    for (let n = 0; n < 6; n++) await live.round();
    expect(inForce()).toMatchObject({
      rungs: ['stop-notebooks', 'stop-compute'],
      estimated: ['stop-notebooks', 'stop-compute'],
    });
    // spend-watch is down: nothing is known.
    live.pass(20);
    await live.tick();
    expect(inForce()?.rungs).toEqual(['stop-notebooks', 'stop-compute']);
    const amount = { specifiedAmount: { currencyCode: 'USD', units: '100000' } };
    live.fake.world.budgets.set(BUDGET, { ...live.fake.world.budgets.get(BUDGET), amount });
    live.look();
    await live.tick();
    expect(inForce()).toBeUndefined();
    expect(live.lines('INFO').join('\n')).toMatch(
      /by the estimate alone stop-notebooks, stop-compute are in force no longer: expected 1\d\d\.\d\d USD/,
    );
    const said = live.lines('INFO').length;
    await live.round();
    expect(live.lines('INFO').slice(said).join()).not.toContain('no longer');
  });

  it('goes on while a ledger that was damaged has lost what was spent, until reports hold it', async () => {
    const live = await start();
    live.burn('ml-research', RUNAWAY);
    for (let n = 0; n < 6; n++) await live.round();
    const inForce = () => live.fake.world.objects.get('spend/in-force/ml-research.json')?.text ?? '';
    expect(inForce()).toContain('"estimated":["stop-notebooks","stop-compute"]');
    live.write(ledgerObject('ml-research'), '{');
    for (let n = 0; n < 3; n++) await live.round();
    expect(inForce()).toContain('"estimated":["stop-notebooks","stop-compute"]');
    expect(live.lines('INFO').join('\n')).not.toContain('in force no longer');
    // Credits have taken it away: two days later the reports are sure to hold all that there was.
    for (let hour = 0; hour < 48; hour++) {
      live.pass(60);
      live.look();
      if (hour % 6 === 0) await live.message(30 + hour / 10);
    }
    await live.round();
    expect(inForce()).not.toContain('estimated');
    expect(live.lines('INFO').join('\n')).toContain('in force no longer');
  });

  it('says of no rung that it is in force no longer which a message has reached since', async () => {
    const live = await start();
    live.burn('ml-research', RUNAWAY);
    for (let n = 0; n < 6; n++) await live.round();
    await live.message(105);
    await live.tick();
    expect(live.lines('INFO').join('\n')).not.toContain('in force no longer');
    expect(stops(live)).toHaveLength(1);
  });

  it('stops again what comes back while it is above the rung', async () => {
    const live = await start();
    live.burn('ml-research', RUNAWAY);
    for (let n = 0; n < 6; n++) await live.round();
    live.fake.world.projects.find(({ id }) => id === 'ml-research')?.vms.set('vm-1', true);
    live.fake.world.starts.set('ml-research/vm-1', live.fake.world.nowMs);
    await live.round();
    expect(stops(live)).toHaveLength(2);
  });

  it.each([
    ['as it was kept', (text: string) => text],
    ['as an older version kept it', (text: string) => text.replace(/,"filter":\[[^\]]*\]/, '')],
  ])('what it was sure of for projects that the budget had before stops no other: %s', async (_, kept) => {
    const live = await start();
    live.burn('ml-research', RUNAWAY);
    for (let n = 0; n < 6; n++) await live.round();
    expect(stops(live)).toHaveLength(1);
    live.write(MEMORY, kept(live.fake.world.objects.get(MEMORY)?.text ?? ''));
    const budget = live.fake.world.budgets.get(BUDGET);
    const budgetFilter = { ...(budget?.['budgetFilter'] as object), projects: ['projects/102'] };
    live.fake.world.budgets.set(BUDGET, { ...budget, budgetFilter });
    live.fake.world.projects.find(({ id }) => id === 'ml-speech')?.vms.set('vm-1', true);
    live.fake.world.starts.set('ml-speech/vm-1', live.fake.world.nowMs);
    const before = live.fake.world.changes.length;
    live.burn('ml-speech', RUNAWAY);
    for (let n = 0; n < 3; n++) await live.round();
    await live.message(60);
    await live.round();
    expect(live.lines('WARNING').join('\n')).toMatch(
      /stop-compute is expected to be reached and does not fire by the estimate yet: compared with 1 reports/,
    );
    expect(live.fake.world.changes.slice(before)).toEqual([]);
  });

  describe('what it was sure of before a credit', () => {
    /** A rung that was sure and fired, and a report that is lower than those before it. */
    async function credited(complete: boolean): Promise<LiveWorld> {
      const live = await start();
      live.burn('ml-research', RUNAWAY);
      for (let n = 0; n < 6; n++) await live.round();
      expect(stops(live)).toHaveLength(1);
      live.pass(5);
      live.look(complete);
      await live.message(live.reported() - 20);
      return live;
    }
    it('stops nothing once that much is expected again', async () => {
      const live = await credited(true);
      live.fake.world.projects.find(({ id }) => id === 'ml-research')?.vms.set('vm-1', true);
      live.fake.world.starts.set('ml-research/vm-1', live.fake.world.nowMs);
      live.burn('ml-research', 60);
      for (let n = 0; n < 4; n++) await live.round();
      expect(live.truth() - 20).toBeGreaterThan(AMOUNT);
      expect(stops(live)).toHaveLength(1);
      expect(live.lines('WARNING').join('\n')).toMatch(
        /stop-compute is expected to be reached and does not fire by the estimate yet: not sure enough/,
      );
    });

    it('stays while no look sees all: what is expected may lack what was not seen', async () => {
      expect(sureUsd(await credited(false))).toBe(String(AMOUNT));
    });
  });

  it('an instance that wakes late with an older look takes nothing away from what a newer one was sure of', async () => {
    const live = await start();
    live.burn('ml-research', RUNAWAY);
    const look = (): ReadonlyMap<string, string> =>
      new Map(
        [...live.fake.world.objects].flatMap(([name, { text }]) =>
          name.startsWith('ledgers/') ? [[name, text]] : [],
        ),
      );
    const looks = [look()];
    while (sureUsd(live) !== String(AMOUNT)) {
      await live.round();
      looks.push(look());
    }
    const [older, newer] = looks.slice(-2);
    older?.forEach((text, name) => {
      live.write(name, text);
    });
    await live.tick();
    expect(sureUsd(live)).toBe(String(AMOUNT));
    newer?.forEach((text, name) => {
      live.write(name, text);
    });
    await live.message(live.reported() - 20);
    expect(Number(sureUsd(live))).toBeLessThan(AMOUNT);
  });

  it('is calm once the amount is raised', async () => {
    const live = await start();
    const known = live.fake.world.budgets.get(BUDGET);
    live.fake.world.budgets.set(BUDGET, {
      ...known,
      amount: { specifiedAmount: { currencyCode: 'USD', units: '1000' } },
    });
    live.burn('ml-research', RUNAWAY);
    for (let n = 0; n < 6; n++) await live.round();
    expect(live.fake.world.changes).toEqual([]);
  });

  it.each(['actual', 'forecast', 'either'] as const)(
    'counts for nothing where the basis is %s',
    async (basis) => {
      const live = await start({ basis });
      live.burn('ml-research', RUNAWAY);
      for (let n = 0; n < 6; n++) await live.round();
      await live.message();
      expect(live.fake.world.changes).toEqual([]);
    },
  );

  it('plans in observe mode, with the next message, what enforcing would stop', async () => {
    const live = await start({ mode: 'observe' });
    live.burn('ml-research', RUNAWAY);
    for (let n = 0; n < 6; n++) await live.round();
    expect(live.lines('WARNING').filter((line) => line.startsWith('Would act'))).toEqual([]);
    await live.message();
    const [text = ''] = live.lines('WARNING').filter((line) => line.startsWith('Would act'));
    expect(text).toMatch(/Due: notify .*stop-notebooks .*stop-compute/);
    expect(live.fake.world.changes).toEqual([]);
  });
});

it('a tick whose message in force is damaged tells of no break in what that message holds', async () => {
  const live = await start();
  const nameOf = (end: string): string =>
    [...live.fake.world.objects.keys()].find((name) => name.startsWith('spend/') && name.endsWith(end)) ?? '';
  const held = (): string | undefined => live.fake.world.objects.get(nameOf('/held.json'))?.text;
  for (let n = 0; n < 2; n++) {
    await live.message(125);
    live.pass(20);
  }
  const before = held();
  expect(before).toMatch(/"sinceMs":\d/);
  live.write(nameOf('/in-force.json'), '{');
  live.look();
  await live.tick();
  expect(held()).toBe(before);
});

/** What is done to the state bucket after the runaway began, and what the log says of it. */
const HARM: Readonly<
  Record<string, { readonly harm: (live: LiveWorld) => void; readonly says: RegExp; readonly severity?: string }>
> = {
  'a ledger that is missing': {
    harm: (live) => void live.fake.world.objects.delete(ledgerObject('ml-research')),
    says: /no ledger of ml-research: there is no ledger yet/,
  },
  'a ledger that is damaged': {
    harm: (live) => {
      live.write(ledgerObject('ml-research'), '{"version":1,');
    },
    says: /ml-research: the ledger is damaged: it is not JSON/,
  },
  'a ledger of a later version': {
    harm: (live) => {
      live.write(ledgerObject('ml-research'), '{"version":2,"project":"ml-research"}');
    },
    says: /ml-research: the ledger has version 2, and this costguard knows 1/,
  },
  'a ledger of an earlier version': {
    harm: (live) => {
      live.write(ledgerObject('ml-research'), '{"version":0,"project":"ml-research"}');
    },
    says: /ml-research: the ledger is damaged: version/,
  },
  'the ledger of another project under its name': {
    harm: (live) => {
      live.write(ledgerObject('ml-research'), printLedger({ ...live.ledger('ml-research'), project: 'ml-vision' }));
    },
    says: /ml-research: the ledger is of "ml-vision"/,
  },
  'a ledger that was not written for 20 minutes': {
    harm: (live) => {
      live.pass(20);
    },
    says: /spend-watch has not looked at ml-[a-z]+ for 20 minutes/,
  },
  'a ledger from the future': {
    harm: (live) => {
      live.pass(60);
      live.look();
      live.pass(-60);
    },
    says: /the ledger of ml-[a-z]+ is of a moment 60 minutes from now/,
  },
  'messages of another budget under its name': {
    harm: (live) => {
      const text = live.fake.world.objects.get(MESSAGES)?.text ?? '';
      live.write(MESSAGES, text.replaceAll('budgets/month', 'budgets/quarter'));
    },
    says: /^$/,
  },
  'messages about as many other projects': {
    harm: (live) => {
      const stored = JSON.parse(live.fake.world.objects.get(MESSAGES)?.text ?? '') as { readonly projects: readonly string[] };
      live.write(MESSAGES, JSON.stringify({ ...stored, filter: stored.projects.map((_, index) => `projects/${index}`) }));
    },
    says: /not about the projects alone that its last message was about/,
  },
  'a rate that no machine has': {
    harm: (live) => {
      live.burn('ml-research', 90_000);
      live.pass(1);
      live.look();
    },
    says: /nothing is done on the estimate: "projects\/ml-research\/.*" would cost \$90000\.00 an hour/,
    severity: 'ERROR',
  },
}; // prettier-ignore

describe('a message far beyond the last known figure', () => {
  const planted = 1.5 * AMOUNT;
  it('stops nothing that the estimate does not confirm, and is not what estimates are compared with', async () => {
    const live = await start({ jump: 0.5 });
    await live.round();
    const before = live.fake.world.objects.get(MESSAGES)?.text;
    await live.message(planted);
    for (let n = 0; n < 4; n++) await live.round();
    expect(live.fake.world.changes.filter((change) => !change.startsWith('publish'))).toEqual([]);
    expect(live.fake.world.objects.get(MESSAGES)?.text).toBe(before);
    expect(live.lines('ERROR').join('\n')).toMatch(
      /stop-notebooks \(80 %\), stop-compute \(100 %\), unlink-billing \(120 %\) wait for a second message .*, or for spend-watch’s estimate/,
    );
  });

  it('stops at once what the estimate reaches by itself', async () => {
    const live = await start({ jump: 0.5 });
    await live.round();
    live.burn('ml-research', RUNAWAY);
    for (let n = 0; n < 2; n++) await live.round();
    expect(stops(live)).toEqual([]);
    // Less than the quarter of an hour after which a message confirms another one.
    for (let n = 0; n < 2; n++) {
      live.pass(5);
      live.look();
      await live.message(planted);
    }
    expect(stops(live)).toHaveLength(1);
    expect(live.fake.world.changes.filter((change) => change.startsWith('unlink'))).toEqual([]);
  });
});

describe('an estimate that cannot be relied upon', () => {
  for (const [title, { harm, says, severity = 'WARNING' }] of Object.entries(HARM))
    it(`stops nothing, and says why: ${title}`, async () => {
      const live = await start();
      await live.round();
      live.burn('ml-research', 1_000);
      live.pass(5);
      // By now the rung is reached.
      expect(live.truth()).toBeGreaterThan(AMOUNT);
      live.look();
      harm(live);
      await live.tick();
      expect(live.fake.world.changes).toEqual([]);
      if (says.source !== '^$') expect(live.lines(severity).join('\n')).toMatch(says);
    });

  it('says that a rung is expected to be reached where a ledger began anew, and stops nothing', async () => {
    const live = await start();
    live.burn('ml-research', 60);
    await live.round();
    live.write(ledgerObject('ml-speech'), '{"version":1');
    for (let n = 0; n < 20; n++) await live.round();
    expect(live.truth()).toBeGreaterThan(AMOUNT);
    expect(live.fake.world.changes).toEqual([]);
    expect(live.lines('WARNING').join('\n')).toMatch(
      /stop-compute is expected to be reached and does not fire by the estimate yet: compared with \d reports, and a stop takes three/,
    );
  });

  it('freezes low while a listing fails: nothing is stopped on what may be gone', async () => {
    const live = await start();
    live.burn('ml-research', RUNAWAY);
    for (let n = 0; n < 2; n++) await live.round();
    for (let n = 0; n < 6; n++) {
      live.pass(5);
      live.look(false);
      await live.tick();
    }
    expect(live.truth()).toBeGreaterThan(1.5 * AMOUNT);
    expect(live.fake.world.changes).toEqual([]);
    // Seen again with the same start, it has run all the time.
    for (let n = 0; n < 2; n++) await live.round();
    expect(stops(live)).toHaveLength(1);
  });

  it('stops by messages all the same', async () => {
    const live = await start();
    live.burn('ml-research', 1_000);
    live.pass(10.5 * 60);
    live.look();
    live.write(ledgerObject('ml-research'), '{}');
    await live.message();
    expect(stops(live)).toHaveLength(1);
  });

  it('stops nothing on what a ledger was planted with beyond what runs, at whatever look', async () => {
    const live = await start();
    await live.round();
    live.pass(5);
    live.look();
    const ledger = live.ledger('ml-research');
    const last = ledger.checkpoints.at(-1);
    if (last === undefined) throw new Error('Cannot find the last checkpoint');
    const planted = { ...last, low: 500, expected: 500, high: 500 };
    live.write(
      ledgerObject('ml-research'),
      printLedger({ ...ledger, checkpoints: [...ledger.checkpoints.slice(0, -1), planted] }),
    );
    await live.tick();
    expect(live.lines('ERROR')).toEqual([]);
    for (let n = 0; n < 12; n++) await live.round();
    expect(live.fake.world.changes).toEqual([]);
    expect(live.lines('WARNING').join('\n')).toMatch(
      /stop-compute is expected to be reached and does not fire by the estimate yet: a ledger grew by \$\d{3}\.\d\d at once, which nothing that ran explains/,
    );
    // What runs counts all the same.
    live.burn('ml-research', 1_000);
    while (live.truth() < AMOUNT) await live.round();
    for (let n = 0; n < 2; n++) await live.round();
    expect(stops(live)).toHaveLength(1);
  });

  it('begins a memory of estimates anew that cannot be read, and takes one more look', async () => {
    const live = await start();
    live.burn('ml-research', 30);
    while (live.truth() + 2.6 < AMOUNT) await live.round();
    live.write(MEMORY, 'no JSON');
    await live.round();
    expect(stops(live)).toHaveLength(0);
    await live.round();
    expect(stops(live)).toHaveLength(1);
  });
});
