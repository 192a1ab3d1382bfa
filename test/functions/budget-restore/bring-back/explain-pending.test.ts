import { describe, expect, it } from 'vitest';
import { explainPending } from '../../../../functions/budget-restore/bring-back/explain-pending.ts';
import { INSTANCE_GROUPS } from '../../../../shared/resources/compute/instance-group.ts';
import { refuse, scriptedApi } from '../../../support/scripted-api.ts';

const RESOURCE = 'projects/p/zones/us-central1-a/instanceGroupManagers/web';
const back = INSTANCE_GROUPS.bringBack({ resource: RESOURCE, record: { targetSize: 1 } });
const task = {
  item: { kind: 'instance-group', resource: RESOURCE, status: 'done', record: { targetSize: 1 } } as const,
  steps: back.kind === 'steps' ? back.steps : [],
  next: 0,
};
const requestedAt = (atMs: number | undefined) => ({
  get: () => (atMs === undefined ? undefined : { atMs }),
});

describe('what is still on its way', () => {
  it.each([403, 429, 500])(
    'is so all the same where Google answers %i to the question why',
    async (status) => {
      const { api } = scriptedApi(() => refuse(status));
      expect(await explainPending({ api }, task, requestedAt(1), 'it is coming')).toMatch(
        new RegExp(`^it is coming; Google's errors could not be read: .*listErrors.*HTTP ${status}`),
      );
    },
  );

  it('is not explained where no request of the restore brought it on its way', async () => {
    const { api, requested } = scriptedApi(() => ({}));
    expect(await explainPending({ api }, task, requestedAt(undefined), 'it is coming')).toBe('it is coming');
    expect(requested).toEqual([]);
  });
});
