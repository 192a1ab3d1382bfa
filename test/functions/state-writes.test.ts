/** What becomes of a run whose write to the state bucket fails, or gets an answer that says nothing, at each of its writes. */
import { describe, expect, it } from 'vitest';
import { MINUTE_MS, RESEARCH, restoreWorld, stateOf } from '../support/restore-world.ts';
import { BASIC_FATES, FATES, meetFate } from '../support/write-fates.ts';

const WRITE = /^POST .*\/upload\/storage\//;

/** The write to disturb, counted from 0, and what becomes of it; `seen`: the names of those so far. */
const armed: { at: number; fate: (typeof FATES)[keyof typeof FATES]; readonly seen: string[] } = {
  ...{ at: Infinity, fate: FATES['a refusal'], seen: [] },
};
const lab = restoreWorld((request, answer) => {
  if (!WRITE.test(request)) return answer();
  const name = decodeURIComponent(/[?&]name=([^&]+)/.exec(request)?.[1] ?? '');
  return armed.seen.push(name) - 1 === armed.at ? meetFate(armed.fate, answer) : answer();
});
const { fake } = lab;

function arm(at: number, title: keyof typeof FATES): void {
  Object.assign(armed, { at, fate: FATES[title] });
  armed.seen.length = 0;
}

/** The same is written of the budget's other project. */
const OF_OTHER = /ml-speech/;

/** What of each kind there is suffices: groups and machines are written to the same objects. */
function start(): object {
  arm(Infinity, 'a refusal');
  lab.fresh();
  lab.project().groups.clear();
  lab.project().machines.clear();
  return stateOf(lab.project());
}

async function stopResources(): Promise<object> {
  const before = start();
  expect(await lab.alert()).toBe(true);
  fake.world.nowMs += 10 * MINUTE_MS;
  fake.world.changes.length = 0;
  return before;
}

function expectOnce(): void {
  const { changes } = fake.world;
  expect([...new Set(changes)].sort()).toEqual([...changes].sort());
}

/** The names of what a run writes, in order. */
async function writesOf(run: () => Promise<unknown>): Promise<readonly string[]> {
  arm(Infinity, 'a refusal');
  await run();
  return [...armed.seen];
}

async function restoreUntilComplete(): Promise<void> {
  for (let calls = 1; calls <= 3; calls++) {
    fake.world.nowMs += 30 * MINUTE_MS;
    if ((await lab.restore()).complete === true) return;
  }
  throw new Error('Three restores and not complete');
}

describe('each write of the switch to the state', async () => {
  start();
  const writes = await writesOf(() => lab.alert());

  it('is one of those that it has to make before and after it takes something away', () => {
    expect(writes.filter((name) => name.startsWith('manifests/')).length).toBeGreaterThanOrEqual(5);
  });

  for (const [at, name] of [...writes.entries()].filter(([, one]) => !OF_OTHER.test(one)))
    for (const title of BASIC_FATES)
      it(`${at + 1}, ${name.split('/')[0] ?? ''}, with ${title}: after a redelivery all is off once, and comes back`, async () => {
        const before = start();
        arm(at, title);
        await lab.alert();
        fake.world.nowMs += 2 * MINUTE_MS;
        expect(await lab.alert()).toBe(true);
        expectOnce();
        expect(lab.project().account).toBe('');
        fake.world.changes.length = 0;
        await restoreUntilComplete();
        expect(stateOf(lab.project())).toEqual(before);
        expectOnce();
      });
});

describe('each write to the state of a tick of the switch that stops what came back', async () => {
  async function startAgain(): Promise<object> {
    const before = start();
    expect(await lab.alert({ costAmount: 110 })).toBe(true);
    fake.world.nowMs += 10 * MINUTE_MS;
    lab.project().vms.set('vm-1', true);
    fake.world.starts.set(`${RESEARCH}/vm-1`, fake.world.nowMs);
    fake.world.nowMs += MINUTE_MS;
    fake.world.changes.length = 0;
    return before;
  }

  await startAgain();
  const writes = await writesOf(() => lab.tick());

  it('is one of those that it has to make before and after it takes something away', () => {
    expect(writes.filter((name) => name.startsWith('manifests/')).length).toBeGreaterThanOrEqual(3);
  });

  for (const [at, name] of [...writes.entries()].filter(([, one]) => !OF_OTHER.test(one)))
    for (const title of BASIC_FATES)
      it(`${at + 1}, ${name.split('/')[0] ?? ''}, with ${title}: it is off once after a redelivery, and comes back`, async () => {
        const before = await startAgain();
        arm(at, title);
        await lab.tick();
        fake.world.nowMs += 2 * MINUTE_MS;
        expect(await lab.tick()).toBe(true);
        expect(fake.world.changes.filter((change) => change.endsWith('/vm-1'))).toEqual([
          `stop ${RESEARCH}/vm-1`,
        ]);
        expectOnce();
        fake.world.changes.length = 0;
        await restoreUntilComplete();
        expect(stateOf(lab.project())).toEqual(before);
        expectOnce();
      });
});

describe('each write of the restore to the state', async () => {
  await stopResources();
  const writes = await writesOf(() => lab.restore());

  it('is one of those that it has to make before and after it starts something', () => {
    expect(writes.filter((name) => name.startsWith('manifests/')).length).toBeGreaterThanOrEqual(4);
  });

  for (const [at, name] of [...writes.entries()].filter(([, one]) => !OF_OTHER.test(one)))
    for (const title of BASIC_FATES)
      it(`${at + 1}, ${name.split('/')[0] ?? ''}, with ${title}: all is back once, and never said to be before`, async () => {
        const before = await stopResources();
        arm(at, title);
        const { complete } = await lab.restore();
        if (complete === true) expect(stateOf(lab.project())).toEqual(before);
        await restoreUntilComplete();
        expect(stateOf(lab.project())).toEqual(before);
        expectOnce();
      });
});
