import { describe, expect, it } from 'vitest';
import { watchSweep } from '../../../functions/spend-watch/function.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import { ledgerObject, parseLedger } from '../../../shared/spend/ledger.ts';
import { RUNAWAY } from '../../support/budget-lab.ts';
import { runUntilHanging } from '../../support/hooks.ts';
import { eventOf, startInstance } from '../../support/in-process.ts';
import { BUCKET, OPERATIONS } from '../../support/lab.ts';
import { readState, watchPolicy, withWatch, type Watch } from '../../support/watch-lab.ts';

const POLICY = watchPolicy('  regions: [us-central1]');
const MINUTES = 5;

/** The calls of a look that comes after another one. */
async function callsOfLook(): Promise<readonly { readonly id: string; readonly method: string }[]> {
  let calls: readonly { readonly id: string; readonly method: string }[] = [];
  await withWatch(POLICY, async ({ sandbox, look }) => {
    await look();
    const before = sandbox.callLog.calls().length;
    await look(MINUTES);
    calls = sandbox.callLog.calls().slice(before);
  });
  return calls;
}

/** A look whose instance is killed while its call number `skip + 1` hangs. */
async function cutOff({ sandbox }: Watch, skip: number, after: boolean): Promise<void> {
  await sandbox.clock.advance(MINUTES * 60_000);
  const doomed = startInstance(sandbox, {
    ...{ name: 'spend-watch', policy: POLICY, operationsProject: OPERATIONS, pauses: 'sandbox' as const },
    attemptTimeoutMs: 5_000,
  });
  const event = eventOf(`projects/${OPERATIONS}/topics/costguard-spend-watch`, {
    text: JSON.stringify({ project: RUNAWAY }),
    messageId: `1600000${skip}`,
    publishTime: new Date(sandbox.clock.now()).toISOString(),
  });
  sandbox.faults.add({ route: '*', skip, count: 1, fault: { kind: 'timeout', after } });
  await runUntilHanging(sandbox, () => runTick(doomed.runtime, watchSweep, event));
  doomed.kill();
  sandbox.faults.clear();
}

describe('a look of spend-watch that is cut off', async () => {
  const calls = await callsOfLook();
  const cuts = calls.flatMap(({ method }, skip) =>
    (method === 'GET' ? [false] : [false, true]).map((after) => ({ skip, after })),
  );

  it('has calls that write and calls that read', () => {
    expect(calls.some(({ method }) => method === 'GET')).toBe(true);
    expect(calls.filter(({ id }) => id === 'storage.objects.insert').length).toBeGreaterThanOrEqual(2);
  });

  it('counts nothing twice and loses nothing, wherever it was cut off', async () => {
    let whole: unknown;
    await withWatch(POLICY, async ({ sandbox, look }) => {
      await look();
      for (let n = 0; n < cuts.length; n++) await look(2 * MINUTES);
      whole = readState(sandbox, ledgerObject(RUNAWAY));
    });
    await withWatch(POLICY, async (watch) => {
      await watch.look();
      for (const { skip, after } of cuts) {
        const at = `call ${skip + 1}, ${calls[skip]?.id ?? ''}${after ? ', carried out' : ''}`;
        await cutOff(watch, skip, after);
        const receipts = watch.sandbox.storage.objectNames(BUCKET, 'receipts/').length;
        const { reason, incomplete } = await watch.look(MINUTES);
        expect([reason, incomplete], at).toEqual(['watched', []]);
        expect(watch.sandbox.storage.objectNames(BUCKET, 'receipts/').length, at).toBe(receipts + 1);
      }
      expect(totals(readState(watch.sandbox, ledgerObject(RUNAWAY)))).toEqual(totals(whole));
    });
  });
});

/** What a ledger says was spent, USD rounded to a tenth of a cent; which moments it remembers is another matter. */
function totals(text: unknown): object {
  const read = parseLedger(RUNAWAY, JSON.stringify(text));
  if (read.kind !== 'ledger') throw new Error(`Cannot read the ledger: ${read.why}`);
  const { checkpoints, kinds, running } = read.ledger;
  const { low = NaN, expected = NaN, high = NaN } = checkpoints.at(-1) ?? {};
  const round = (usd: number): string => usd.toFixed(3);
  return {
    spend: [low, expected, high].map(round),
    kinds: Object.fromEntries(Object.entries(kinds).map(([kind, usd]) => [kind, round(usd)])),
    running: running.map(({ resource }) => resource),
  };
}
