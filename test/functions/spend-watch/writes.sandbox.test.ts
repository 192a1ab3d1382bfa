import { describe, expect, it } from 'vitest';
import { watchSweep } from '../../../functions/spend-watch/function.ts';
import { ledgerObject, parseLedger } from '../../../shared/spend/ledger.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import { budgetScenario, RUNAWAY, SMALL_PROJECT } from '../../support/budget-lab.ts';
import { holdable, HOLDS } from '../../support/held-instance.ts';
import { eventOf, startInstance, withSandbox } from '../../support/in-process.ts';
import { BUCKET, OPERATIONS } from '../../support/lab.ts';
import { readState, watchPolicy } from '../../support/watch-lab.ts';
import { disturbedRuntime, FATES, meetFate } from '../../support/write-fates.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';

const MINUTE_MS = 60_000;
const LOOKS_MS = 5 * MINUTE_MS;
const POLICY = watchPolicy('  metrics: true', '  regions: [us-central1]');

/** What a look writes: the ledger, points of metrics, and its receipt. */
const WRITES = {
  ledger: /POST .*\/upload\/storage\/.*name=ledgers/,
  metrics: /POST .*monitoring.*\/timeSeries$/,
  receipt: /POST .*\/upload\/storage\/.*name=receipts/,
} as const;

interface Lab {
  readonly sandbox: Sandbox;
  readonly first: Runtime;
  readonly second: Runtime;
  /** One delivery of a tick; false where it is to be delivered again. */
  readonly deliver: (runtime: Runtime, messageId: string) => Promise<boolean>;
}

async function withLab<T>(test: (lab: Lab) => Promise<T>): Promise<T> {
  const scenario = budgetScenario({ projects: [SMALL_PROJECT], regions: ['us-central1'] });
  return withSandbox({ scenario, frozen: true }, async (sandbox) => {
    const options = {
      name: 'spend-watch',
      policy: POLICY,
      operationsProject: OPERATIONS,
      pauses: 'none',
    } as const;
    const deliver: Lab['deliver'] = async (runtime, messageId) => {
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
    const [first, second] = [
      startInstance(sandbox, options).runtime,
      startInstance(sandbox, options).runtime,
    ];
    expect(await deliver(first, 'first')).toBe(true);
    await sandbox.clock.advance(LOOKS_MS);
    return test({ sandbox, first, second, deliver });
  });
}

/** What was spent by the ledger, USD to a tenth of a cent, and how many points each series of metrics has at most. */
function books(sandbox: Sandbox): object {
  const read = parseLedger(RUNAWAY, JSON.stringify(readState(sandbox, ledgerObject(RUNAWAY))));
  if (read.kind !== 'ledger') throw new Error(`Cannot read the ledger: ${read.why}`);
  const { low = NaN, expected = NaN, high = NaN } = read.ledger.checkpoints.at(-1) ?? {};
  return {
    spent: [low, expected, high].map((usd) => usd.toFixed(3)),
    running: read.ledger.running.map(({ resource }) => resource),
  };
}

/** Moments for which a series has two points: Monitoring has one value a moment. */
function pointsTwice(sandbox: Sandbox): readonly string[] {
  return sandbox.monitoring
    .written(OPERATIONS)
    .filter(({ samples }) => new Set(samples.map(({ atMs }) => atMs)).size < samples.length)
    .map(({ metric }) => metric.type);
}

const receiptsOf = (sandbox: Sandbox): number =>
  sandbox.storage.objectNames(BUCKET, 'receipts/spend-watch/').length;

describe('each write of spend-watch', async () => {
  const undisturbed = await withLab(async ({ sandbox, first, second, deliver }) => {
    for (const messageId of ['1', '2', '3']) {
      expect(await deliver(messageId === '3' ? second : first, messageId)).toBe(true);
      await sandbox.clock.advance(LOOKS_MS);
    }
    return books(sandbox);
  });

  for (const [title, fate] of Object.entries(FATES))
    it(`with ${title}: the books are those of an undisturbed watch, after a redelivery and a tick on another instance`, () =>
      withLab(async ({ sandbox, first, second, deliver }) => {
        const open = new Map<string, RegExp>(Object.entries(WRITES));
        const disturbed = disturbedRuntime(first, async (request, answer) => {
          const [name] = [...open].find(([, write]) => write.test(request)) ?? [];
          if (name === undefined) return answer();
          open.delete(name);
          return meetFate(fate, answer);
        });
        // A look whose ledger is not written ends there: the redelivery meets what is left.
        await deliver(disturbed, '1');
        await sandbox.clock.advance(LOOKS_MS);
        await deliver(disturbed, '1');
        expect([...open.keys()]).toEqual([]);
        await sandbox.clock.advance(LOOKS_MS);
        const receipts = receiptsOf(sandbox);
        expect(await deliver(second, '2')).toBe(true);
        await sandbox.clock.advance(LOOKS_MS);
        expect(receiptsOf(sandbox)).toBe(receipts + 1);
        expect(books(sandbox)).toEqual(undisturbed);
        expect(pointsTwice(sandbox)).toEqual([]);
      }));

  for (const hold of HOLDS)
    for (const [name, write] of Object.entries(WRITES))
      it(`${name}, held ${hold}, while another instance looks later: nothing is counted twice or lost`, () =>
        withLab(async ({ sandbox, first, second, deliver }) => {
          const held = holdable(first);
          const goOn = await held.runTo(write, hold, () => deliver(held.runtime, '1'));
          await sandbox.clock.advance(LOOKS_MS);
          expect(await deliver(second, '2')).toBe(true);
          await goOn();
          await sandbox.clock.advance(LOOKS_MS);
          expect(await deliver(second, '3')).toBe(true);
          await sandbox.clock.advance(LOOKS_MS);
          expect(books(sandbox)).toEqual(undisturbed);
          expect(pointsTwice(sandbox)).toEqual([]);
        }));
});
