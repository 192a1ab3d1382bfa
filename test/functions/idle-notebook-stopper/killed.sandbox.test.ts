import { describe, expect, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { memoryObject, type ProjectMemory } from '../../../functions/idle-notebook-stopper/memory/memory.ts';
import { replaceNotebookMetadata, requestNotebook } from '../../../shared/google/notebooks.ts';
import { createRuntimeApi } from '../../../shared/run/runtime-api.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import { createState } from '../../../shared/state/state.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { after, holdable } from '../../support/held-instance.ts';
import { eventOf, startInstance, withSandbox } from '../../support/in-process.ts';
import { BUCKET, idle, LAB, labPolicy, labScenario, NAME, notebookName } from '../../support/lab.ts';
import { anyPermit } from '../../support/scripted-api.ts';
import { memoryIn, notebook, outcomesOf, receiptsIn } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const TIMEOUT = 'idle-timeout-seconds';

/** A Thursday morning inside of the hours, so that each of the writes may take place. */
const MORNING = '2026-11-19T07:40:00Z';
const EVENING_MS = Date.parse(MORNING) - 10 * 60 * MINUTE_MS;
const POLICY = labPolicy({
  notebooks: [
    'nativeIdleShutdown: repair',
    'hours: {timezone: UTC, days: [mon, tue, wed, thu, fri], from: "06:00", to: "20:00", start: true}',
  ],
});

/** Each write, what it is about, and what its request looks like. */
const WRITES = {
  stop: { is: idle('stop-1'), request: /POST .*instances\/stop-1:stop/ },
  start: {
    is: idle('start-1', { state: 'STOPPED', lastStop: '-10h' }),
    request: /POST .*instances\/start-1:start/,
  },
  patch: {
    is: idle('patch-1', { state: 'STOPPED', lastStop: '-1d', metadata: { [TIMEOUT]: '', owner: 'ml' } }),
    request: /PATCH .*instances\/patch-1/,
  },
} as const;
type Verb = keyof typeof WRITES;

const REMEMBERED: ProjectMemory = {
  version: 1,
  notebooks: {
    [notebookName('start-1')]: {
      stop: { claimedAtMs: EVENING_MS, runId: 'evening', reason: 'outside-hours', requestedAtMs: EVENING_MS },
    },
  },
};

const STATE = /POST .*\/upload\/storage\/.*(?:memory|receipts)/;
const RECEIPT = /POST .*\/upload\/storage\/.*receipts/;
const MOMENTS = {
  'before the effect': (request: RegExp) => [request, 'before it leaves'] as const,
  'after the effect, before the answer': (request: RegExp) => [request, 'after the effect'] as const,
  'after the answer, before it is in the state': (request: RegExp) =>
    [after(request, STATE), 'before it leaves'] as const,
  'before its receipt, and all is in the state': (request: RegExp) =>
    [after(request, RECEIPT), 'before it leaves'] as const,
};

async function deliver(runtime: Runtime, messageId: string): Promise<'done' | 'again'> {
  try {
    await runTick(runtime, notebookSweep, eventOf(`projects/p/topics/costguard-${NAME}`, { messageId }));
    return 'done';
  } catch {
    return 'again';
  }
}

function withoutSent(text: string): string {
  return text.replaceAll(',"sent":false', '');
}

/** How often runs say that they did it. */
function said(sandbox: Sandbox, verb: Verb): number {
  const action = verb === 'patch' ? 'repair' : verb;
  return receiptsIn(sandbox, BUCKET)
    .flatMap((receipt) => outcomesOf(receipt)[`${verb}-1`] ?? [])
    .filter((outcome) => outcome.startsWith(`${action} done`)).length;
}

const VERBED = {
  stop: 'It was stopped',
  start: 'It was started',
  patch: 'Its native idle shutdown was set',
} as const;

function expectSaidForOther(sandbox: Sandbox, verb: Verb): void {
  const receipts = receiptsIn(sandbox, BUCKET);
  const [decision] = receipts
    .flatMap(({ decisions }) => decisions)
    .filter(({ action, outcome }) => action === (verb === 'patch' ? 'repair' : verb) && outcome === 'done');
  const runId = String(decision?.evidence['requestedBy']);
  expect(runId).toMatch(/^20261119T0740/);
  expect(receipts.map((receipt) => receipt.runId)).not.toContain(runId);
  expect(decision?.evidence['says']).toBe(
    `${VERBED[verb]} by run ${runId}, which ended before it could say so.`,
  );
}

function expectDone(sandbox: Sandbox, verb: Verb): void {
  const { state, metadata } = notebook(sandbox, `${verb}-1`);
  if (verb === 'patch') expect(metadata).toMatchObject({ owner: 'ml', [TIMEOUT]: '10800' });
  else expect(state).toBe(verb === 'stop' ? 'STOPPED' : 'ACTIVE');
  const carriedOut = sandbox.callLog
    .calls(`notebooks.projects.locations.instances.${verb}`)
    .filter(({ status }) => status === 200);
  expect(carriedOut).toHaveLength(1);
}

describe('the idle-notebook-stopper killed in the middle of a write', () => {
  for (const verb of Object.keys(WRITES) as Verb[])
    for (const [moment, cutAt] of Object.entries(MOMENTS))
      it(`${verb}, ${moment}: it takes place once, and the books say so, after a redelivery and a tick`, async () => {
        const { is, request } = WRITES[verb];
        const scenario = labScenario([is], { clock: MORNING });
        await withSandbox({ scenario, frozen: true }, async (sandbox) => {
          const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
          const killed = holdable(startInstance(sandbox, options).runtime);
          const { runtime } = startInstance(sandbox, options);
          const state = createState({ api: createRuntimeApi(runtime, Infinity), bucket: BUCKET });
          await state.write(memoryObject(LAB), JSON.stringify(REMEMBERED));
          const [write, hold] = cutAt(request);
          await killed.runTo(write, hold, () => deliver(killed.runtime, '1'));
          const isOpen = moment === 'before the effect';
          // Its claim holds until it runs out; a repair is left to the next tick.
          expect(await deliver(runtime, '1')).toBe(isOpen && verb !== 'patch' ? 'again' : 'done');
          for (const messageId of ['1', '2']) {
            await sandbox.clock.advance(2 * MINUTE_MS);
            expect(await deliver(runtime, messageId)).toBe('done');
          }
          expectDone(sandbox, verb);
          // The killed run left no receipt: it may be at work until its time is over, and then another one says what it had done.
          expect(said(sandbox, verb)).toBe(isOpen ? 1 : 0);
          for (const messageId of ['3', '3', '4']) {
            await sandbox.clock.advance(7 * MINUTE_MS);
            expect(await deliver(runtime, messageId)).toBe('done');
          }
          expectDone(sandbox, verb);
          expect(said(sandbox, verb)).toBe(1);
          if (!isOpen) expectSaidForOther(sandbox, verb);
          const remembered = memoryIn(sandbox, BUCKET, LAB)[`${verb}-1`];
          if (verb === 'stop') expect(remembered?.stop?.requestedAtMs).toBeGreaterThan(0);
          else expect(remembered).toBeUndefined();
        });
      });

  it.each([
    ['is not told as its own', 0, (text: string) => text],
    ['is told as its own where an older version wrote the claim, which may have sent it', 1, withoutSent],
  ] as const)('stop, before its request was about to leave: what a user stops then %s', async (_, times, rewrite) => {
    const scenario = labScenario([WRITES.stop.is], { clock: MORNING });
    await withSandbox({ scenario, frozen: true }, async (sandbox) => {
      const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
      const killed = holdable(startInstance(sandbox, options).runtime);
      const { runtime } = startInstance(sandbox, options);
      const api = createRuntimeApi(runtime, Infinity);
      const state = createState({ api, bucket: BUCKET });
      await killed.runTo(/GET .*notebooks.*instances\/stop-1/, 'before it leaves', () => deliver(killed.runtime, '1'));
      const text = (await state.read(memoryObject(LAB)))?.text ?? '';
      expect(text).toContain('"sent":false');
      await state.write(memoryObject(LAB), rewrite(text));
      await requestNotebook(api, anyPermit(), 'stop', notebookName('stop-1'));
      for (const messageId of ['2', '3']) {
        await sandbox.clock.advance(7 * MINUTE_MS);
        expect(await deliver(runtime, messageId)).toBe('done');
      }
      expect(said(sandbox, 'stop')).toBe(times);
      if (times === 0) expect(memoryIn(sandbox, BUCKET, LAB)['stop-1']).toBeUndefined();
    });
  }); // prettier-ignore

  it('stop, while another one that has listed it before judges it: that one takes it over, and says it', async () => {
    const scenario = labScenario([WRITES.stop.is], { clock: MORNING });
    await withSandbox({ scenario, frozen: true }, async (sandbox) => {
      const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
      const [killed, other] = [
        holdable(startInstance(sandbox, options).runtime),
        holdable(startInstance(sandbox, options).runtime),
      ];
      const listing = /GET .*aggregated\/instances/;
      const goOn = await other.runTo(listing, 'after the effect', () => deliver(other.runtime, '1'));
      await killed.runTo(WRITES.stop.request, 'after the effect', () => deliver(killed.runtime, '1'));
      await sandbox.clock.advance(2 * MINUTE_MS);
      expect(await goOn()).toBe('done');
      expect(said(sandbox, 'stop')).toBe(1);
      await sandbox.clock.advance(10 * MINUTE_MS);
      expect(await deliver(other.runtime, '2')).toBe('done');
      expectDone(sandbox, 'stop');
      expect(said(sandbox, 'stop')).toBe(1);
      expect(memoryIn(sandbox, BUCKET, LAB)['stop-1']?.stop?.requestedAtMs).toBeGreaterThan(0);
    });
  });

  it.each(['stop', 'start'] as const)('%s, and so is the one that takes it over: the next one says it', async (verb) => {
    const { is, request } = WRITES[verb];
    const scenario = labScenario([is], { clock: MORNING });
    await withSandbox({ scenario, frozen: true }, async (sandbox) => {
      const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
      const [killed, other] = [
        holdable(startInstance(sandbox, options).runtime),
        holdable(startInstance(sandbox, options).runtime),
      ];
      const { runtime } = startInstance(sandbox, options);
      const state = createState({ api: createRuntimeApi(runtime, Infinity), bucket: BUCKET });
      await state.write(memoryObject(LAB), JSON.stringify(REMEMBERED));
      const listing = /GET .*aggregated\/instances/;
      const goOn = await other.runTo(listing, 'after the effect', () => deliver(other.runtime, '1'));
      await killed.runTo(request, 'after the effect', () => deliver(killed.runtime, '1'));
      await sandbox.clock.advance(2 * MINUTE_MS);
      // Held at its first look after the claim, for good.
      await other.runTo(/GET .*notebooks.*instances\/st/, 'before it leaves', goOn);
      for (const messageId of ['2', '3']) {
        await sandbox.clock.advance(11 * MINUTE_MS);
        expect(await deliver(runtime, messageId)).toBe('done');
      }
      expectDone(sandbox, verb);
      expect(said(sandbox, verb)).toBe(1);
    });
  }); // prettier-ignore

  it.each(['changed meanwhile', 'may not look at the VM'] as const)('stop, and the one that takes it over %s: the claim stays, for the request may still take effect', async (what) => {
    const scenario = labScenario([WRITES.stop.is], { clock: MORNING });
    await withSandbox({ scenario, frozen: true }, async (sandbox) => {
      const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
      const [killed, other] = [
        holdable(startInstance(sandbox, options).runtime),
        holdable(startInstance(sandbox, options).runtime),
      ];
      const listing = /GET .*aggregated\/instances/;
      const goOn = await other.runTo(listing, 'after the effect', () => deliver(other.runtime, '1'));
      await killed.runTo(WRITES.stop.request, 'before it leaves', () => deliver(killed.runtime, '1'));
      await sandbox.clock.advance(2 * MINUTE_MS);
      const api = createRuntimeApi(startInstance(sandbox, options).runtime, Infinity);
      if (what === 'changed meanwhile')
        await replaceNotebookMetadata(api, anyPermit(), notebookName('stop-1'), { owner: 'other' });
      else
        sandbox.faults.add({ route: 'compute.instances.get', fault: { kind: 'status', status: 403 } });
      await goOn();
      expect(sandbox.callLog.calls('notebooks.projects.locations.instances.stop')).toEqual([]);
      expect(memoryIn(sandbox, BUCKET, LAB)['stop-1']?.stop).toMatchObject({ sent: true });
    });
  }); // prettier-ignore

  it('stop, and no effect shows after a quarter of an hour: the claim is forgotten', async () => {
    const kept = idle('stop-1', { labels: { 'costguard-keep': 'true' } });
    await withSandbox(
      { scenario: labScenario([kept], { clock: MORNING }), frozen: true },
      async (sandbox) => {
        const { runtime } = startInstance(sandbox, { name: NAME, policy: POLICY, pauses: 'none' });
        const state = createState({ api: createRuntimeApi(runtime, Infinity), bucket: BUCKET });
        const claimedAtMs = Date.parse(MORNING) - 14 * MINUTE_MS;
        const stop = { claimedAtMs, runId: 'killed', reason: 'outside-hours', sent: true };
        const memory = { version: 1, notebooks: { [notebookName('stop-1')]: { stop } } };
        await state.write(memoryObject(LAB), JSON.stringify(memory));
        expect(await deliver(runtime, '1')).toBe('done');
        expect(memoryIn(sandbox, BUCKET, LAB)['stop-1']).toMatchObject({ stop });
        await sandbox.clock.advance(2 * MINUTE_MS);
        expect(await deliver(runtime, '2')).toBe('done');
        expect(memoryIn(sandbox, BUCKET, LAB)['stop-1']).toBeUndefined();
      },
    );
  });

  it.each([
    ['another run’s', (text: string) => text.replace(/"runId":"[^"]*"/, '"runId":"another"')],
    ['gone', () => '{"version":1,"notebooks":{}}'],
  ] as const)('stop, whose claim is %s before its request leaves: it does not leave', async (_, rewrite) => {
    const scenario = labScenario([WRITES.stop.is], { clock: MORNING });
    await withSandbox({ scenario, frozen: true }, async (sandbox) => {
      const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
      const held = holdable(startInstance(sandbox, options).runtime);
      const api = createRuntimeApi(startInstance(sandbox, options).runtime, Infinity);
      const state = createState({ api, bucket: BUCKET });
      const look = /GET .*notebooks.*instances\/stop-1/;
      const goOn = await held.runTo(look, 'before it leaves', () => deliver(held.runtime, '1'));
      const rewritten = rewrite((await state.read(memoryObject(LAB)))?.text ?? '');
      await state.write(memoryObject(LAB), rewritten);
      expect(await goOn()).toBe('again');
      expect(sandbox.callLog.calls('notebooks.projects.locations.instances.stop')).toEqual([]);
      expect((await state.read(memoryObject(LAB)))?.text).toBe(rewritten);
    });
  }); // prettier-ignore

  it('start, before its request is about to leave: that uses no attempt up, also where one is taken over', async () => {
    const { is, request } = WRITES.start;
    await withSandbox({ scenario: labScenario([is], { clock: MORNING }), frozen: true }, async (sandbox) => {
      const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
      const { runtime } = startInstance(sandbox, options);
      const state = createState({ api: createRuntimeApi(runtime, Infinity), bucket: BUCKET });
      await state.write(memoryObject(LAB), JSON.stringify(REMEMBERED));
      const killAt = async (at: RegExp, messageId: string): Promise<number | undefined> => {
        const killed = holdable(startInstance(sandbox, options).runtime);
        await killed.runTo(at, 'before it leaves', () => deliver(killed.runtime, messageId));
        await sandbox.clock.advance(2 * MINUTE_MS);
        return memoryIn(sandbox, BUCKET, LAB)['start-1']?.start?.attempts;
      };
      const look = /GET .*notebooks.*instances\/start-1/;
      for (let kills = 1; kills <= 7; kills++) expect(await killAt(look, `look-${kills}`)).toBe(1);
      expect(await killAt(request, 'request')).toBe(1);
      expect(await killAt(look, 'taken-over')).toBe(1);
      expect(await killAt(request, 'taken-over, and sent')).toBe(2);
      expect(await deliver(runtime, 'last')).toBe('done');
      await sandbox.clock.advance(2 * MINUTE_MS);
      expectDone(sandbox, 'start');
    });
  }); // prettier-ignore

  it('a repair that another instance is at: it takes place once, and is said once', async () => {
    const { is, request } = WRITES.patch;
    await withSandbox({ scenario: labScenario([is], { clock: MORNING }), frozen: true }, async (sandbox) => {
      const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
      const held = holdable(startInstance(sandbox, options).runtime);
      const { runtime } = startInstance(sandbox, options);
      const goOn = await held.runTo(request, 'before it leaves', () => deliver(held.runtime, '1'));
      for (const messageId of ['1', '2']) expect(await deliver(runtime, messageId)).toBe('done');
      const decisions = receiptsIn(sandbox, BUCKET).flatMap((receipt) => receipt.decisions);
      const decision = decisions.find(({ action }) => action === 'report');
      expect(decision?.evidence['notRepaired']).toMatch(/^next time: run 20261119T0740.* has claimed it$/);
      expect(await goOn()).toBe('done');
      // Once its time is over, its receipt says it.
      for (const messageId of ['3', '4', '5']) {
        expect(await deliver(runtime, messageId)).toBe('done');
        await sandbox.clock.advance(10 * MINUTE_MS);
      }
      expectDone(sandbox, 'patch');
      expect(said(sandbox, 'patch')).toBe(1);
      expect(memoryIn(sandbox, BUCKET, LAB)).toEqual({});
    });
  }); // prettier-ignore

  it.each([
    ['sees it there', 'by the run that takes it over', /GET .*notebooks.*instances\/patch-1/],
    ['is refused', 'by a later one', /PATCH .*instances\/patch-1/],
  ] as const)('a repair whose request is still under way, and the run that takes it over %s: it is said %s', async (what, _, at) => {
    const { is, request } = WRITES.patch;
    await withSandbox({ scenario: labScenario([is], { clock: MORNING }), frozen: true }, async (sandbox) => {
      const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
      const [killed, other] = [
        holdable(startInstance(sandbox, options).runtime),
        holdable(startInstance(sandbox, options).runtime),
      ];
      const { runtime } = startInstance(sandbox, options);
      const api = createRuntimeApi(runtime, Infinity);
      const arrive = (): Promise<unknown> =>
        replaceNotebookMetadata(api, anyPermit(), notebookName('patch-1'), { owner: 'ml', [TIMEOUT]: '10800' });
      await killed.runTo(request, 'before it leaves', () => deliver(killed.runtime, '1'));
      await sandbox.clock.advance(2 * MINUTE_MS);
      const goOn = await other.runTo(at, 'before it leaves', () => deliver(other.runtime, '1'));
      if (what === 'sees it there') await arrive();
      else
        sandbox.faults.add({
          route: 'notebooks.projects.locations.instances.patch',
          count: 1,
          fault: { kind: 'status', status: 403 },
        });
      await goOn();
      expect(said(sandbox, 'patch')).toBe(what === 'sees it there' ? 1 : 0);
      if (what === 'is refused') await arrive();
      for (const messageId of ['2', '3']) {
        await sandbox.clock.advance(10 * MINUTE_MS);
        expect(await deliver(runtime, messageId)).toBe('done');
      }
      expectDone(sandbox, 'patch');
      expect(said(sandbox, 'patch')).toBe(1);
      expect(memoryIn(sandbox, BUCKET, LAB)).toEqual({});
    });
  }); // prettier-ignore

  it.each([
    ['was there before its request was about to leave: a user set it', 0, { sent: false }],
    ['was there after that', 1, { sent: true }],
    ['was noted by an older version, which did so before its request left', 1, {}],
  ] as const)('a repair that %s', async (_, times, sent) => {
    const set = idle('patch-1', { state: 'STOPPED', lastStop: '-1d', metadata: { [TIMEOUT]: '10800' } });
    await withSandbox({ scenario: labScenario([set], { clock: MORNING }), frozen: true }, async (sandbox) => {
      const { runtime } = startInstance(sandbox, { name: NAME, policy: POLICY, pauses: 'none' });
      const state = createState({ api: createRuntimeApi(runtime, Infinity), bucket: BUCKET });
      const claimedAtMs = Date.parse(MORNING) - 10 * MINUTE_MS;
      const repair = { claimedAtMs, runId: 'killed', ...sent, reason: 'native-idle-shutdown-off', desired: '10800' };
      const memory = { version: 1, notebooks: { [notebookName('patch-1')]: { repair } } };
      await state.write(memoryObject(LAB), JSON.stringify(memory));
      for (const messageId of ['1', '2']) expect(await deliver(runtime, messageId)).toBe('done');
      expect(said(sandbox, 'patch')).toBe(times);
      expect(memoryIn(sandbox, BUCKET, LAB)).toEqual({});
    });
  }); // prettier-ignore

  it.each(['stop', 'start', 'patch'] as const)('%s, by a run that says so: no other does, and its receipt is read once', async (verb) => {
    const scenario = labScenario([WRITES[verb].is], { clock: MORNING });
    await withSandbox({ scenario, frozen: true }, async (sandbox) => {
      const { runtime } = startInstance(sandbox, { name: NAME, policy: POLICY, pauses: 'none' });
      const state = createState({ api: createRuntimeApi(runtime, Infinity), bucket: BUCKET });
      await state.write(memoryObject(LAB), JSON.stringify(REMEMBERED));
      for (const messageId of ['1', '2', '3', '4']) {
        expect(await deliver(runtime, messageId)).toBe('done');
        await sandbox.clock.advance(10 * MINUTE_MS);
      }
      expectDone(sandbox, verb);
      expect(said(sandbox, verb)).toBe(1);
      const reads = sandbox.callLog.calls().filter(({ method, path }) => method === 'GET' && path.includes('receipts'));
      expect(reads).toHaveLength(1);
    });
  }); // prettier-ignore

  it('three stops of one run, whose receipt is looked for once: they are said', async () => {
    const three = ['stop-1', 'stop-2', 'stop-3'].map((id) => idle(id));
    await withSandbox({ scenario: labScenario(three, { clock: MORNING }), frozen: true }, async (sandbox) => {
      const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
      const killed = holdable(startInstance(sandbox, options).runtime);
      const { runtime } = startInstance(sandbox, options);
      // The third upload of the memory says what became of the claims.
      let uploads = 0;
      const settling = { test: (one: string) => STATE.test(one) && !/receipts/.test(one) && ++uploads > 1 && sandbox.callLog.calls('notebooks.projects.locations.instances.stop').length === 3 };
      await killed.runTo(settling, 'before it leaves', () => deliver(killed.runtime, '1'));
      await sandbox.clock.advance(10 * MINUTE_MS);
      sandbox.fleet.startNotebook(notebookName('stop-3'));
      const before = sandbox.callLog.calls().length;
      expect(await deliver(runtime, '2')).toBe('done');
      const calls = sandbox.callLog.calls().slice(before);
      const stops = receiptsIn(sandbox, BUCKET).flatMap(({ decisions }) => decisions).filter(({ action }) => action === 'stop');
      expect(stops.map(({ resource, outcome }) => `${resource} ${outcome}`).sort()).toEqual(
        ['stop-1', 'stop-2'].map((id) => `${notebookName(id)} done`),
      );
      expect(calls.filter(({ method, path }) => method === 'GET' && path.includes('receipts'))).toHaveLength(1);
    });
  }); // prettier-ignore
});
