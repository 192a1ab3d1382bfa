import { describe, expect, it } from 'vitest';
import {
  doOnce,
  LEASE_MS,
  MAX_CLAIMS,
  type Ending,
  type Task,
} from '../../../../functions/guardrail-audit/tick/claim.ts';
import { PermanentError } from '../../../../shared/errors.ts';
import { addOnlyBucket, turn } from '../../../support/add-only-bucket.ts';

const CLAIMS = 'guardrail-audit/digests/2026-W47.claims';
const TASK: Task = {
  title: 'tell the digest of 2026-W47',
  done: 'guardrail-audit/digests/2026-W47.told',
  claims: CLAIMS,
  remedy: 'delete the claims',
};

/** A bucket, and runs that begin the task. */
function world() {
  const { clock, objects, faults, state } = addOnlyBucket();
  const warnings: string[] = [];
  let runs = 0;
  const begin = (
    project: string,
    act: () => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<Ending> =>
    doOnce(
      {
        api: { startClosing: () => undefined },
        log: (_severity, message) => void warnings.push(message),
        runtime: { newId: () => `run-${++runs}` },
      },
      state,
      TASK,
      project,
      act,
    );
  /** A run that is killed at work. */
  const die = (project: string): Promise<void> =>
    new Promise((resolve) => {
      void begin(project, () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
  return { clock, objects, warnings, faults, begin, die };
}

describe('a task of the weekly tick', () => {
  it('is done by one of fifty that begin at once, the others hear that it is at work, and later that it is done', async () => {
    const { begin } = world();
    let times = 0;
    const act = async () => {
      times += 1;
      for (let wait = 0; wait < 20; wait++) await turn();
      return true;
    };
    const endings = await Promise.all(Array.from({ length: 50 }, () => begin('ml-a', act)));
    expect(times).toBe(1);
    expect(endings.filter(({ kind }) => kind === 'ours')).toHaveLength(1);
    expect(endings.filter(({ kind }) => kind === 'held')).toHaveLength(49);
    expect(endings.find(({ kind }) => kind === 'held')).toEqual({ kind: 'held', project: 'ml-a' });
    expect(await begin('ml-b', act)).toEqual({ kind: 'done' });
    expect(times).toBe(1);
  });

  it.each([
    [0, 'held'],
    [LEASE_MS - 1, 'held'],
    [LEASE_MS, 'ours'],
  ])('of a run that died %s ms ago: %s', async (ageMs, kind) => {
    const { clock, begin, die } = world();
    await die('ml-a');
    clock.nowMs += ageMs;
    expect((await begin('ml-a')).kind).toBe(kind);
  });

  it('is done once more by one alone of fifty that find an aged claim', async () => {
    const { clock, begin, die, objects } = world();
    await die('ml-a');
    clock.nowMs += LEASE_MS;
    const endings = await Promise.all(Array.from({ length: 50 }, () => begin('ml-a')));
    expect(endings.filter(({ kind }) => kind === 'ours')).toHaveLength(1);
    expect([...objects.keys()]).toEqual([`${CLAIMS}/claim-1`, `${CLAIMS}/claim-2`, TASK.done]);
  });

  it.each(['', '{"proj', '[]', '{"project":7,"run":"x"}', '{"project":"ml-a"}'])(
    'passes by a damaged claim at once: %j',
    async (text) => {
      const { objects, begin } = world();
      objects.set(`${CLAIMS}/claim-1`, { text, atMs: 0 });
      expect((await begin('ml-a')).kind).toBe('ours');
    },
  );

  it('that did not succeed, or threw, is done by the next delivery without a wait', async () => {
    const { begin, objects } = world();
    expect(await begin('ml-a', () => Promise.resolve(false))).toEqual({ kind: 'ours' });
    await expect(begin('ml-a', () => Promise.reject(new Error('HTTP 503')))).rejects.toThrow('HTTP 503');
    expect(objects.has(TASK.done)).toBe(false);
    expect(await begin('ml-a')).toEqual({ kind: 'ours' });
    expect(await begin('ml-a')).toEqual({ kind: 'done' });
  });

  it('is not done where it cannot be noted: that fails, and the next delivery does it', async () => {
    const { begin, faults } = world();
    faults.refused = /\.told$/;
    await expect(begin('ml-a')).rejects.toThrow('503 for');
    faults.refused = /^$/;
    expect(await begin('ml-a')).toEqual({ kind: 'ours' });
  });

  it('whose failure cannot be noted says what went wrong first, and how long others wait', async () => {
    const { begin, faults, warnings } = world();
    faults.refused = /\.failed$/;
    await expect(begin('ml-a', () => Promise.reject(new Error('HTTP 500')))).rejects.toThrow('HTTP 500');
    expect(warnings[0]).toContain('other runs wait 10 minutes');
    expect((await begin('ml-a')).kind).toBe('held');
  });

  it('knows its own claim whose answer got lost', async () => {
    const { begin, faults } = world();
    faults.unanswered = 1;
    expect(await begin('ml-a')).toEqual({ kind: 'ours' });
  });

  it('that another run ended just before its claim ran out is not done again', async () => {
    const { clock, begin, die, objects } = world();
    await die('ml-a');
    clock.nowMs += LEASE_MS;
    const late = begin('ml-a');
    await turn();
    objects.set(TASK.done, { text: '{}', atMs: clock.nowMs });
    expect(await late).toEqual({ kind: 'done' });
  });

  it(`takes ${MAX_CLAIMS} runs, and then says what is wrong and what to do`, async () => {
    const { begin, objects } = world();
    const fail = () => Promise.resolve(false);
    for (let run = 1; run < MAX_CLAIMS; run++) await begin('ml-a', fail);
    expect(await begin('ml-a', fail)).toEqual({ kind: 'ours' });
    const before = objects.size;
    const beyond = begin('ml-a');
    await expect(beyond).rejects.toThrow(PermanentError);
    await expect(beyond).rejects.toThrow(
      'Cannot tell the digest of 2026-W47: 30 runs began to and none succeeded. Fix what they logged, then delete the claims',
    );
    expect(objects.size).toBe(before);
    objects.clear();
    expect(await begin('ml-a')).toEqual({ kind: 'ours' });
  });
});
