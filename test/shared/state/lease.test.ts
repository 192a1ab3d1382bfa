import { describe, expect, it } from 'vitest';
import { holdProject, updateUnheld, type LeaseRequest } from '../../../shared/state/lease.ts';
import { manifestObject } from '../../../shared/state/manifest.ts';
import { Conflict, type State } from '../../../shared/state/state.ts';

const KEY = { budget: 'billingAccounts/A/budgets/B', period: '2026-11-01', project: 'ml-lab' };
const HOUR_MS = 3_600_000;

/** A bucket with a clock of its own, and instances whose clocks are off by so much. */
function world() {
  const storage = { nowMs: 0, generation: 0 };
  const objects = new Map<string, { text: string; atMs: number; generation: string }>();
  const state = {
    bucket: 'b',
    read(name: string) {
      const found = objects.get(name);
      return Promise.resolve(
        found === undefined ? undefined : { ...found, ageMs: storage.nowMs - found.atMs },
      );
    },
    write(name: string, text: string, { ifGeneration = '0' } = {}) {
      if ((objects.get(name)?.generation ?? '0') !== ifGeneration) return Promise.reject(new Conflict(name));
      objects.set(name, { text, atMs: storage.nowMs, generation: String(++storage.generation) });
      return Promise.resolve(String(storage.generation));
    },
  } as unknown as State;
  const instance = (aheadMs: number) => ({
    state,
    nowMs: () => storage.nowMs + aheadMs,
    sleep: () => Promise.resolve(),
    random: () => 0,
  });
  return { storage, objects, instance };
}

const by = (runId: string): LeaseRequest => ({
  ...{ by: 'budget-kill-switch', doing: 'stop-compute', runId },
  isNeeded: () => true,
  looks: 1,
});

/** An instance takes the lease and is killed. */
async function die(instance: ReturnType<ReturnType<typeof world>['instance']>): Promise<void> {
  await new Promise<void>((resolve) => {
    void holdProject(instance, KEY, by('dead'), () => {
      resolve();
      return new Promise(() => undefined);
    });
  });
}

describe('the lease of an instance that died', () => {
  it.each([
    ['was right', 0],
    ['was two hours ahead', 2 * HOUR_MS],
    ['was two hours late', -2 * HOUR_MS],
    ['said the year 33658', 1e15],
  ])('whose clock %s holds a project 90 s by the clock of Cloud Storage', async (_, aheadMs) => {
    const { storage, instance } = world();
    await die(instance(aheadMs));
    storage.nowMs += 89_999;
    const next = (): Promise<string | undefined> => holdProject(instance(0), KEY, by('next'), async () => 'took it');
    await expect(next()).rejects.toMatchObject({ name: 'BusyError' });
    storage.nowMs += 1;
    expect(await next()).toBe('took it');
  }); // prettier-ignore

  it('that took the project twice writes only under its later lease', async () => {
    const { instance } = world();
    let goOn: (() => void) | undefined;
    const first = holdProject(instance(0), KEY, by('same'), async (lease) => {
      await new Promise<void>((resolve) => (goOn = resolve));
      await lease.update((manifest) => ({ ...manifest, restored: { late: 1 } }));
    });
    while (goOn === undefined) await Promise.resolve();
    await holdProject(instance(0), KEY, by('same'), async (lease) => {
      goOn?.();
      await expect(first).rejects.toThrow(/another run took it over/);
      expect((await lease.update((manifest) => manifest)).restored).toEqual({});
    });
  });

  it('leaves a higher fence to the next one, so that it does nothing any more should it wake', async () => {
    const { storage, objects, instance } = world();
    let wake: (() => void) | undefined;
    const frozen = holdProject(instance(0), KEY, by('frozen'), async (lease) => {
      await new Promise<void>((resolve) => (wake = resolve));
      expect(() => {
        lease.check();
      }).toThrow(/its lease was written 90 s before/);
      await lease.update((manifest) => manifest);
    });
    while (wake === undefined) await Promise.resolve();
    storage.nowMs += 90_000;
    await holdProject(instance(0), KEY, by('next'), async () => undefined);
    wake();
    await expect(frozen).rejects.toMatchObject({ name: 'BusyError' });
    expect(JSON.parse(objects.get(manifestObject(KEY))?.text ?? '')).toMatchObject({ fence: 2 });
  });
});

describe('updateUnheld', () => {
  const noted = { share: 1, amount: 100 };
  const note = (instance: ReturnType<ReturnType<typeof world>['instance']>) =>
    updateUnheld(instance.state, KEY, instance, (manifest) => ({ ...manifest, spent: noted }));

  it('leaves the manifest of a project that a run holds as it is', async () => {
    const { storage, instance } = world();
    await die(instance(0));
    storage.nowMs += 89_999;
    expect((await note(instance(0))).spent).toBeUndefined();
  });

  it('changes that of one whose run died, and takes the lease of that run along', async () => {
    const { storage, objects, instance } = world();
    let wake: (() => void) | undefined;
    const frozen = holdProject(instance(0), KEY, by('frozen'), async (lease) => {
      await new Promise<void>((resolve) => (wake = resolve));
      await lease.update((manifest) => ({ ...manifest, restored: { late: 1 } }));
    });
    while (wake === undefined) await Promise.resolve();
    storage.nowMs += 90_000;
    await note(instance(0));
    wake();
    await expect(frozen).rejects.toThrow(/another run took it over/);
    const stored = JSON.parse(objects.get(manifestObject(KEY))?.text ?? '') as Record<string, unknown>;
    expect([stored['lease'], stored['restored']]).toEqual([undefined, {}]);
    expect(stored).toHaveProperty('spent');
    expect(await holdProject(instance(0), KEY, by('next'), async () => 'at once')).toBe('at once');
  });
});
