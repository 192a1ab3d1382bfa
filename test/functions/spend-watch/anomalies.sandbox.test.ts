import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { ledgerObject } from '../../../shared/spend/ledger.ts';
import { RUNAWAY } from '../../support/budget-lab.ts';
import { subscribeToReceipts } from '../../support/installed.ts';
import { RECEIPTS_TOPIC } from '../../support/lab.ts';
import { noticesIn } from '../../support/observe.ts';
import { decisionIn, readState, watchPolicy, withWatch } from '../../support/watch-lab.ts';

const LEDGER = ledgerObject(RUNAWAY);
const DAY_MINUTES = 1_440;
const CHANNELS = `receipts: ${RECEIPTS_TOPIC}\nnotify:\n  channels: [{kind: topic, topic: ${RECEIPTS_TOPIC}}]\n`;

describe('spend-watch tells its channels', () => {
  it('of an endpoint with GPUs that no one calls, once, in whatever look', async () => {
    await withWatch(`${watchPolicy()}${CHANNELS}`, async ({ sandbox, look }) => {
      const published = subscribeToReceipts(sandbox);
      await look();
      await look(DAY_MINUTES + 5);
      await look();
      await look(70);
      const items = noticesIn(published()).flatMap((notice) => notice.items);
      const endpoint = items.filter(({ resource }) => resource.endsWith('/endpoints/71'));
      expect(endpoint).toHaveLength(1);
      expect(endpoint[0]?.text).toMatch(
        /endpoint ranking .*\/h\) runs beside no traffic: no prediction was counted in 6 h/,
      );
    });
  });

  it('of it also where the ledger was written and the answer was lost', async () => {
    await withWatch(`${watchPolicy()}${CHANNELS}`, async ({ sandbox, look }) => {
      const published = subscribeToReceipts(sandbox);
      await look();
      const route = 'storage.objects.insert';
      sandbox.faults.add({ route, count: 1, fault: { kind: 'reset', after: true } });
      await look(DAY_MINUTES + 5);
      const items = noticesIn(published()).flatMap((notice) => notice.items);
      expect(items.filter(({ resource }) => resource.endsWith('/endpoints/71'))).toHaveLength(1);
    });
  });

  it('of it at the next look where no channel took it, and says so until then', async () => {
    await withWatch(`${watchPolicy()}${CHANNELS}`, async ({ sandbox, instance, look }) => {
      const published = subscribeToReceipts(sandbox);
      await look();
      sandbox.faults.add({ route: 'pubsub*', fault: { kind: 'status', status: 403 } });
      const refused = await look(DAY_MINUTES + 5).catch(() => undefined);
      expect(refused).toBeUndefined();
      const { evidence: told } = decisionIn(sandbox);
      expect(told['notTold']).toEqual([expect.stringMatching(/endpoint ranking .* runs beside no traffic/)]);
      expect(JSON.stringify(instance.lines)).toMatch(/Cannot tell channel 1 \(topic\)/);
      const { untold } = z.object({ untold: z.array(z.unknown()) }).parse(readState(sandbox, LEDGER));
      expect(untold).toHaveLength(1);
      sandbox.faults.clear();
      const { evidence } = await look(5);
      expect(evidence).not.toHaveProperty('notTold');
      await look(70);
      const items = noticesIn(published()).flatMap((notice) => notice.items);
      const endpoint = items.filter(({ resource }) => resource.endsWith('/endpoints/71'));
      expect(endpoint).toHaveLength(1);
      expect(endpoint[0]?.text).toMatch(/runs beside no traffic: .* Seen at .* UTC\.$/);
      expect(readState(sandbox, LEDGER)).not.toHaveProperty('untold');
    });
  });

  it('of it again, with the same id, where it could not be remembered', async () => {
    await withWatch(`${watchPolicy()}${CHANNELS}`, async ({ sandbox, instance, look }) => {
      const published = subscribeToReceipts(sandbox);
      await look();
      const route = 'storage.objects.insert';
      sandbox.faults.add({ route, skip: 1, count: 1, fault: { kind: 'status', status: 403 } });
      await look(DAY_MINUTES + 5);
      expect(JSON.stringify(instance.lines)).toMatch(/may tell it again/);
      await look(5);
      await look(5);
      const texts = published();
      expect(texts.filter((text) => text.includes('"items"'))).toHaveLength(2);
      // As receivers do, this drops a second one by its id.
      expect(noticesIn(texts).map(({ items }) => items.length)).toEqual([1]);
    });
  });

  it('of no load that it cannot read', async () => {
    await withWatch(`${watchPolicy()}${CHANNELS}`, async ({ sandbox, instance, look }) => {
      const published = subscribeToReceipts(sandbox);
      sandbox.faults.add({ route: 'monitoring*', fault: { kind: 'status', status: 403 } });
      await look();
      const { reason } = await look(DAY_MINUTES + 5);
      expect(reason).toBe('watched');
      expect(noticesIn(published())).toEqual([]);
      expect(JSON.stringify(instance.lines)).toMatch(/Cannot tell idle GPUs of \\"ml-runaway\\"/);
    });
  });

  it('reads the load of GPUs once an hour', async () => {
    await withWatch(`${watchPolicy()}${CHANNELS}`, async ({ look }) => {
      await look();
      const calls = async (minutes: number): Promise<number> =>
        (await look(minutes)).apiCalls['monitoring.timeSeries.list'] ?? 0;
      expect([await calls(600), await calls(5), await calls(60)]).toEqual([2, 0, 2]);
    });
  });
});
