import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { changeState, UnsettledError, type Changed } from '../../../../shared/google/change/change-state.ts';
import { NotSent, type Claim, type Permit } from '../../../../shared/google/change/permit.ts';
import { BusyError, GoogleApiError, UnexpectedAnswer } from '../../../../shared/google/google-api-error.ts';

/** Stops something whose states are read one after the other, the last one again and again. */
async function stop(
  states: readonly string[],
  options: { readonly blocker?: string; readonly alreadyRequested?: boolean },
): Promise<{ readonly changed: Changed; readonly looks: number; readonly requests: number }> {
  let looks = 0;
  let requests = 0;
  const changed = await changeState(
    {
      resource: 'nb-1',
      look: async () => states[Math.min(looks++, states.length - 1)],
      isThere: (state) => state === 'STOPPING',
      blocker: () => options.blocker,
      request: async (permit) => {
        permit.check();
        requests += 1;
      },
      alreadyRequested: options.alreadyRequested ?? false,
    },
    { sleep: async () => undefined, random: () => 0.5, nowMs: () => 0, confirmMs: 30_000 },
    { confirm: async () => undefined, check: () => undefined },
  );
  return { changed, looks, requests };
}

describe('changeState with a blocker', () => {
  test('requests nothing', async () => {
    assert.deepEqual(await stop(['ACTIVE'], { blocker: 'labelled' }), {
      changed: { kind: 'blocked', why: 'labelled', mayBeOurs: false },
      looks: 1,
      requests: 0,
    });
  });

  test('is too late where an earlier request without an answer takes effect', async () => {
    const { changed, requests } = await stop(['ACTIVE', 'ACTIVE', 'ACTIVE', 'STOPPING'], {
      blocker: 'labelled',
      alreadyRequested: true,
    });
    assert.deepEqual([changed, requests], [{ kind: 'done', answer: undefined }, 0]);
  });

  test('says that an earlier request may still take effect', async () => {
    const { changed, requests } = await stop(['ACTIVE'], { blocker: 'labelled', alreadyRequested: true });
    assert.deepEqual([changed, requests], [{ kind: 'blocked', why: 'labelled', mayBeOurs: true }, 0]);
  });
});

describe('changeState without one', () => {
  test('requests once and looks until it shows', async () => {
    const { changed, requests, looks } = await stop(['ACTIVE', 'ACTIVE', 'STOPPING'], {});
    assert.deepEqual([changed, requests, looks], [{ kind: 'done', answer: undefined }, 1, 3]);
  });

  test('requests nothing where it is so already', async () => {
    const { changed, requests } = await stop(['STOPPING'], {});
    assert.deepEqual([changed, requests], [{ kind: 'already' }, 0]);
  });
});

/** A machine that runs, and what becomes of each request to stop it. */
interface Story {
  readonly outcomes: readonly (
    'answered' | 'garbage' | 'garbage-after' | 'reset-after' | 'reset' | 403 | 409 | 429
  )[];
  /** By how much the clock jumps between look and request, for each attempt. */
  readonly freezesMs?: readonly number[];
  /** Called while frozen. */
  readonly meanwhile?: (machine: { state: string }) => void;
  readonly claim?: Partial<Claim>;
}

async function tell({ outcomes, freezesMs = [], meanwhile, claim = {} }: Story): Promise<{
  readonly ended: Changed | string;
  readonly requests: number;
}> {
  const machine = { state: 'ACTIVE' };
  let nowMs = 0;
  let requests = 0;
  let blocked = 0;
  const change = changeState(
    {
      resource: 'nb-1',
      look: async () => machine.state,
      isThere: (state) => state === 'STOPPING',
      async blocker() {
        const frozenMs = freezesMs[blocked++] ?? 0;
        nowMs += frozenMs;
        if (frozenMs > 0) meanwhile?.(machine);
        return undefined;
      },
      async request(permit) {
        permit.check();
        const outcome = outcomes[requests++] ?? 'answered';
        if (typeof outcome === 'number') throw refusal(outcome);
        if (outcome === 'answered' || outcome.endsWith('-after')) machine.state = 'STOPPING';
        if (outcome.startsWith('reset'))
          throw new GoogleApiError(
            'stop',
            Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
          );
        if (outcome.startsWith('garbage'))
          throw new GoogleApiError('stop', new UnexpectedAnswer('the whole answer: it is "<html>"'));
      },
    },
    { sleep: async () => undefined, random: () => 0, nowMs: () => nowMs, confirmMs: 10_000 },
    { confirm: async () => undefined, check: () => undefined, ...claim },
  );
  const ended = await change.catch((error: unknown) =>
    error instanceof Error ? `${error.name}: ${error.message}` : 'thrown',
  );
  return { ended, requests };
}

function refusal(status: number): GoogleApiError {
  const data = { error: { code: status, message: 'refused' } };
  return new GoogleApiError('stop', Object.assign(new Error('refused'), { response: { status, data } }));
}

const DONE: Changed = { kind: 'done', answer: undefined };

describe('changeState after a request that left', () => {
  for (const effect of ['garbage-after', 'reset-after'] as const)
    test(`takes the effect for its own where the answer is ${effect}`, async () => {
      assert.deepEqual(await tell({ outcomes: [effect] }), { ended: DONE, requests: 1 });
    });

  for (const nothing of ['garbage', 'reset', 429] as const)
    test(`requests again where nothing came of ${nothing}`, async () => {
      assert.deepEqual(await tell({ outcomes: [nothing] }), { ended: DONE, requests: 2 });
    });

  test('gives Google’s refusal on as it is', async () => {
    const { ended, requests } = await tell({ outcomes: [403] });
    assert.deepEqual([ended, requests], ['GoogleApiError: Cannot call "stop": HTTP 403: refused', 1]);
  });

  test('does not disown what may be under way when a later request is refused', async () => {
    const { ended, requests } = await tell({ outcomes: ['garbage', 403] });
    assert.match(JSON.stringify(ended), /BusyError: Cannot tell whether the change of ..nb-1.. took effect/);
    assert.equal(requests, 2);
  });

  test('does not disown what stays unknown', async () => {
    const { ended, requests } = await tell({ outcomes: Array.from({ length: 9 }, () => 'garbage' as const) });
    assert.match(JSON.stringify(ended), /BusyError: Cannot tell whether/);
    assert.equal(requests, 4);
  });
});

describe('changeState whose lease runs out once a request has left', () => {
  /** The lease, until the request has left. */
  function leaseUntilRequest(): Pick<Claim, 'confirm' | 'check'> {
    let hasLeft = false;
    return {
      async confirm() {
        if (hasLeft) throw new BusyError('another run took it over');
      },
      check: () => void (hasLeft = true),
    };
  }

  for (const effect of ['garbage-after', 'reset-after'] as const)
    test(`takes the effect for its own where the answer is ${effect}`, async () => {
      const told = await tell({ outcomes: [effect], claim: leaseUntilRequest() });
      assert.deepEqual(told, { ended: DONE, requests: 1 });
    });

  for (const nothing of ['garbage', 'reset'] as const)
    test(`requests nothing again where nothing came of ${nothing}, and says that it cannot tell`, async () => {
      const { ended, requests } = await tell({ outcomes: [nothing], claim: leaseUntilRequest() });
      assert.match(JSON.stringify(ended), /BusyError: Cannot tell whether .* another run took it over/);
      assert.equal(requests, 1);
    });

  test('looks at nothing where no request of its own has left', async () => {
    const confirm = (): Promise<void> => Promise.reject(new BusyError('another run took it over'));
    const { ended, requests } = await tell({ outcomes: [], claim: { confirm } });
    assert.deepEqual([ended, requests], ['BusyError: another run took it over', 0]);
  });
});

describe('changeState on an instance that is frozen between look and request', () => {
  const FREEZE = [110_000];

  test('looks again before it requests', async () => {
    assert.deepEqual(await tell({ outcomes: [], freezesMs: FREEZE }), { ended: DONE, requests: 1 });
  });

  test('requests nothing that is done by then', async () => {
    const stopped = await tell({
      outcomes: [],
      freezesMs: FREEZE,
      meanwhile: (machine) => (machine.state = 'STOPPING'),
    });
    assert.deepEqual(stopped, { ended: { kind: 'already' }, requests: 0 });
  });

  test('requests nothing where another run took over', async () => {
    let taken = false;
    const confirm = async (): Promise<void> => {
      if (taken) throw new BusyError('another run took it over');
    };
    const check = (): void => {
      if (taken) throw new NotSent('its lease is old');
    };
    const { ended, requests } = await tell({
      outcomes: [],
      freezesMs: FREEZE,
      meanwhile: () => (taken = true),
      claim: { confirm, check },
    });
    assert.deepEqual([ended, requests], ['BusyError: another run took it over', 0]);
  });

  test('gives up where it is frozen again and again', async () => {
    const { ended, requests } = await tell({
      outcomes: [],
      freezesMs: Array.from({ length: 40 }, () => 11_000),
    });
    assert.match(JSON.stringify(ended), /BusyError: .*11 s old/);
    assert.equal(requests, 0);
  });
});

describe('changeState after a request without an answer', () => {
  /** What fails, in the second attempt, before its request. */
  async function failing(what: 'blocker' | 'intend'): Promise<unknown> {
    let requests = 0;
    const fail = async (): Promise<undefined> => {
      if (requests > 0) throw what === 'blocker' ? refusal(403) : new Error('its memory is damaged');
    };
    const change = {
      resource: 'nb-1',
      look: async () => 'ACTIVE',
      isThere: () => false,
      blocker: what === 'blocker' ? fail : () => undefined,
      ...(what === 'intend' ? { intend: fail } : {}),
      async request(permit: Permit) {
        permit.check();
        requests += 1;
        throw new GoogleApiError('stop', new UnexpectedAnswer('it is "<html>"'));
      },
    };
    return changeState(change, WAITS, FREE).catch((error: unknown) => error);
  }

  for (const what of ['blocker', 'intend'] as const)
    test(`cannot tell whether it took effect where ${what} fails`, async () => {
      assert.ok((await failing(what)) instanceof UnsettledError);
    });

  for (const [mustExist, kind] of [
    [true, 'gone'],
    [false, 'done'],
  ] as const)
    test(`calls what is gone ${kind} where it ${mustExist ? 'must' : 'need not'} be there`, async () => {
      const changed = await changeState(
        {
          resource: 'nb-1',
          look: () => Promise.reject(refusal(404)),
          isThere: () => false,
          blocker: () => undefined,
          request: () => Promise.reject(new Error('not to be sent')),
          alreadyRequested: true,
          mustExist,
        },
        WAITS,
        FREE,
      );
      assert.equal(changed.kind, kind);
    });
});

const WAITS = { sleep: async () => undefined, random: () => 0, nowMs: () => 0, confirmMs: 10_000 };
const FREE: Claim = { confirm: async () => undefined, check: () => undefined };
