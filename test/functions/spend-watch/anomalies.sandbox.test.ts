import { describe, expect, it } from 'vitest';
import { subscribeToReceipts } from '../../support/installed.ts';
import { RECEIPTS_TOPIC } from '../../support/lab.ts';
import { noticesIn } from '../../support/observe.ts';
import { watchPolicy, withWatch } from '../../support/watch-lab.ts';

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
