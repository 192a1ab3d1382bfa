import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { changeState, type Changed } from '../../../../shared/google/change/change-state.ts';

/** Stops something whose states are read one after the other, the last one again and again. */
async function stop(
  states: readonly string[],
  options: { readonly objection?: string; readonly alreadyRequested?: boolean },
): Promise<{ readonly changed: Changed; readonly looks: number; readonly asks: number }> {
  let looks = 0;
  let asks = 0;
  const changed = await changeState(
    {
      resource: 'nb-1',
      look: async () => states[Math.min(looks++, states.length - 1)],
      isThere: (state) => state === 'STOPPING',
      blocker: () => options.objection,
      request: async (permit) => {
        permit.check();
        asks += 1;
      },
      alreadyRequested: options.alreadyRequested ?? false,
    },
    { sleep: async () => undefined, random: () => 0.5, nowMs: () => 0, confirmMs: 30_000 },
    { confirm: async () => undefined, check: () => undefined },
  );
  return { changed, looks, asks };
}

describe('changeState with an objection', () => {
  test('asks for nothing', async () => {
    assert.deepEqual(await stop(['ACTIVE'], { objection: 'labelled' }), {
      changed: { kind: 'blocked', why: 'labelled', mayBeOurs: false },
      looks: 1,
      asks: 0,
    });
  });

  test('is too late where an earlier request without an answer takes effect', async () => {
    const { changed, asks } = await stop(['ACTIVE', 'ACTIVE', 'ACTIVE', 'STOPPING'], {
      objection: 'labelled',
      alreadyRequested: true,
    });
    assert.deepEqual([changed, asks], [{ kind: 'done', answer: undefined }, 0]);
  });

  test('says that an earlier request may still take effect', async () => {
    const { changed, asks } = await stop(['ACTIVE'], { objection: 'labelled', alreadyRequested: true });
    assert.deepEqual([changed, asks], [{ kind: 'blocked', why: 'labelled', mayBeOurs: true }, 0]);
  });
});

describe('changeState without one', () => {
  test('asks once and looks until it shows', async () => {
    const { changed, asks, looks } = await stop(['ACTIVE', 'ACTIVE', 'STOPPING'], {});
    assert.deepEqual([changed, asks, looks], [{ kind: 'done', answer: undefined }, 1, 3]);
  });

  test('asks for nothing where it is so already', async () => {
    const { changed, asks } = await stop(['STOPPING'], {});
    assert.deepEqual([changed, asks], [{ kind: 'already' }, 0]);
  });
});
