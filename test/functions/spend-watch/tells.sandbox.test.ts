/** What becomes of a notice, and of what the ledger remembers of it, where a write of them fails, is not answered, or its instance is killed. */
import { describe, expect, it } from 'vitest';
import { watchSweep } from '../../../functions/spend-watch/function.ts';
import { createClients } from '../../../shared/google/clients/clients.ts';
import type { Notice } from '../../../shared/notify/notice.ts';
import { ledgerObject, parseLedger, type Ledger } from '../../../shared/spend/ledger.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { budgetScenario, RUNAWAY } from '../../support/budget-lab.ts';
import { after, holdable, HOLDS } from '../../support/held-instance.ts';
import { eventOf, startInstance, withSandbox } from '../../support/in-process.ts';
import { subscribeToReceipts } from '../../support/installed.ts';
import { OPERATIONS, RECEIPTS_TOPIC } from '../../support/lab.ts';
import { readState, watchPolicy } from '../../support/watch-lab.ts';
import { disturbedRuntime, FATES, meetFate } from '../../support/write-fates.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const POLICY = `${watchPolicy('  regions: [us-central1]')}receipts: ${RECEIPTS_TOPIC}\nnotify:\n  channels: [{kind: topic, topic: ${RECEIPTS_TOPIC}}]\n`;

const PUBLISH = /^POST .*pubsub.*:publish/;
const LEDGER = /^POST .*\/upload\/storage\/.*name=ledgers/;

/** What a look that finds something writes once its ledger is there: the notice, and that it was told. */
const WRITES = {
  'the publication of the notice': () => after(LEDGER, PUBLISH),
  'the note that it was told': () => after(PUBLISH, LEDGER),
} as const;

const TITLES = [
  'garbage after the effect',
  'garbage without an effect',
  'an empty answer after the effect',
  'a reset after the effect',
  'a reset without an effect',
  'a timeout after the effect',
  'a refusal',
  'an outage',
] as const satisfies readonly (keyof typeof FATES)[];

interface Lab {
  readonly first: Runtime;
  readonly second: Runtime;
  /** One delivery of a tick, so many minutes after the last one; false where it is to be delivered again. */
  readonly deliver: (runtime: Runtime, messageId: string, minutes: number) => Promise<boolean>;
  /** Each notice as often as it arrived. */
  readonly notices: () => readonly Notice[];
  readonly ledger: () => Ledger;
}

/** A project that was watched for a day: the next look finds what is to be told. */
async function withLab<T>(test: (lab: Lab) => Promise<T>): Promise<T> {
  const scenario = budgetScenario({ regions: ['us-central1'] });
  return withSandbox({ scenario, frozen: true }, async (sandbox) => {
    const options = { name: 'spend-watch', policy: POLICY, pauses: 'none' } as const;
    const [first, second] = [
      startInstance(sandbox, options).runtime,
      startInstance(sandbox, options).runtime,
    ];
    const deliver: Lab['deliver'] = async (runtime, messageId, minutes) => {
      await sandbox.clock.advance(minutes * MINUTE_MS);
      const event = eventOf(`projects/${OPERATIONS}/topics/costguard-spend-watch`, {
        text: JSON.stringify({ project: RUNAWAY }),
        messageId,
        publishTime: new Date(sandbox.clock.now()).toISOString(),
      });
      try {
        await runTick(runtime, watchSweep, event);
        return true;
      } catch {
        return false;
      }
    };
    const arrived: Notice[] = [];
    const read = subscribeToReceipts(sandbox);
    const notices: Lab['notices'] = () => {
      for (const text of read()) {
        const one = JSON.parse(text) as Notice | { readonly items?: undefined };
        if (one.items !== undefined) arrived.push(one);
      }
      return arrived;
    };
    expect(await deliver(first, '0', 0)).toBe(true);
    await sandbox.clock.advance(DAY_MINUTES * MINUTE_MS);
    return test({ first, second, deliver, notices, ledger: () => ledgerIn(sandbox) });
  });
}

function ledgerIn(sandbox: Sandbox): Ledger {
  const read = parseLedger(RUNAWAY, JSON.stringify(readState(sandbox, ledgerObject(RUNAWAY))));
  if (read.kind !== 'ledger') throw new Error(`Cannot read the ledger: ${read.why}`);
  return read.ledger;
}

/** What a notice is about. */
const subjects = (notices: readonly Notice[]): readonly string[] =>
  notices.flatMap(({ items }) => items.map(({ action, resource }) => `${action} ${resource}`)).sort();

/** A redelivery at once, another instance's look, and one after which all that has no load is told again. */
async function goOn({ second, deliver }: Lab): Promise<void> {
  await deliver(second, '1', 1);
  for (const [messageId, minutes] of [
    ['2', 5],
    ['3', 5],
    ['4', 70],
  ] as const)
    // prettier-ignore
    expect(await deliver(second, messageId, minutes)).toBe(true);
}

describe('each write by which spend-watch tells', async () => {
  const undisturbed = await withLab(async (lab) => {
    expect(await lab.deliver(lab.first, '1', 5)).toBe(true);
    await goOn(lab);
    return { told: subjects(lab.notices()), keys: Object.keys(lab.ledger().told ?? {}).sort() };
  });

  it('tells of something when nothing disturbs it, each once', () => {
    expect(undisturbed.told).toEqual([expect.stringMatching(/^idle-gpu .*\/endpoints\/71$/)]);
  });

  /** `times`: how often the notice may have arrived. One that came twice is the same to its receivers, by its id. */
  function expectTold({ notices, ledger }: Lab, times: readonly number[]): void {
    expect(times).toContain(notices().length);
    const each = [...new Map(notices().map((notice) => [notice.id, notice])).values()];
    expect(subjects(each)).toEqual(undisturbed.told);
    expect(ledger().untold).toBeUndefined();
    expect(Object.keys(ledger().told ?? {}).sort()).toEqual(undisturbed.keys);
  }

  for (const [name, writeOf] of Object.entries(WRITES)) {
    const isNotice = name === 'the publication of the notice';
    for (const title of TITLES)
      it(`${name}, with ${title}: what was found is told, and told again only where no answer said that it was`, () =>
        withLab(async (lab) => {
          const write = writeOf();
          let met = 0;
          const runtime = disturbedRuntime(lab.first, (request, answer) => {
            if (met > 0 || !write.test(request)) return answer();
            met += 1;
            return meetFate(FATES[title], answer);
          });
          await lab.deliver({ ...runtime, clients: createClients(runtime.auth) }, '1', 5);
          expect(met).toBe(1);
          await goOn(lab);
          const isUnknown = FATES[title].carriedOut === isNotice;
          expectTold(lab, isUnknown ? [1, 2] : [1]);
        }));

    for (const hold of HOLDS)
      for (const end of ['killed', 'held for hours'] as const)
        it(`${name}: ${end} ${hold}, it is told, and again only where the ledger does not say that it was`, () =>
          withLab(async (lab) => {
            const held = holdable(lab.first);
            const runtime = { ...held.runtime, clients: createClients(held.runtime.auth) };
            const wake = await held.runTo(writeOf(), hold, () => lab.deliver(runtime, '1', 5));
            await goOn(lab);
            if (end !== 'killed') await wake();
            const isLeft = hold === 'after the effect';
            const isTwice = isNotice ? isLeft || end !== 'killed' : !isLeft;
            expectTold(lab, [isTwice ? 2 : 1]);
          }));
  }
});
