import { describe, expect, it } from 'vitest';
import { askGoogle } from '../../support/ask-google.ts';
import { BUCKET, LAB } from '../../support/lab.ts';
import { lastReceipt } from '../../support/observe.ts';
import {
  ABORT,
  decisionOn,
  lifecyclePolicy,
  moveTo,
  rulesOf,
  verdicts,
  withEnforcer,
} from '../../support/bucket-lab.ts';

const RULES = [moveTo('NEARLINE', 30), ABORT];
const PAID = {
  name: 'paid',
  billing: { requesterPays: true },
  objects: [{ name: 'o', size: 2 ** 30, timeCreated: '-60d' }],
};

describe('a bucket whose requesters pay', () => {
  it('is listed, written and looked at again at its own project’s cost', () =>
    withEnforcer(
      [PAID, { ...PAID, name: 'free', billing: { requesterPays: false } }],
      lifecyclePolicy({ rules: RULES, lifecycle: ['simulate: objects'] }),
      async (world) => {
        const { sandbox } = world;
        await world.deliver();
        expect(verdicts(sandbox)).toEqual({ paid: 'patch done: no-rules', free: 'patch done: no-rules' });
        expect(rulesOf(sandbox, 'paid')).toEqual(RULES);
        expect(decisionOn(lastReceipt(sandbox, BUCKET), 'paid').evidence).not.toHaveProperty('incomplete');
        for (const method of ['storage.objects.list', 'storage.buckets.patch'] as const) {
          const payers = sandbox.callLog
            .calls(method)
            .map(({ path, query }) => [
              /\/b\/([^/?]+)/.exec(path)?.[1],
              /userProject=([^&]+)/.exec(query)?.[1],
            ])
            .filter(([bucket]) => bucket !== BUCKET);
          expect(Object.fromEntries(payers), method).toEqual({ paid: LAB, free: undefined });
        }
      },
    ));

  it('answers 400 to who names no payer, as Google does', () =>
    withEnforcer([PAID], lifecyclePolicy({ rules: RULES }), async ({ sandbox }) => {
      const url = 'https://storage.googleapis.com/storage/v1/b/paid';
      const answer = await askGoogle(sandbox, 'outsider@example.com', 'GET', url);
      expect([answer.status, JSON.stringify(answer.body)]).toEqual([
        400,
        expect.stringContaining('requester pays bucket but no user project provided'),
      ]);
    }));
});
