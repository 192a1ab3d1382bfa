import { describe, expect, it } from 'vitest';
import type { FakeGoogle } from '../../../support/fake-google.ts';
import { BUDGETS } from '../../../support/ladder-model.ts';
import { MINUTE_MS, PERIOD, RESEARCH, restoreWorld } from '../../../support/restore-world.ts';

let refused = false;
const lab = restoreWorld((request, answer) => {
  if (refused && request.includes('in-force%2F'))
    throw Object.assign(new Error('injected'), { response: { status: 403, data: {} } });
  return answer();
});
const { fake }: { readonly fake: FakeGoogle } = lab;

const OWN = BUDGETS[0]?.name ?? '';
/** Of a quarter, with the same project. */
const QUARTER = BUDGETS[1]?.name ?? '';
const NOTE = `spend/in-force/${RESEARCH}.json`;

function plant(
  budgets: Readonly<Record<string, readonly string[]>>,
  {
    atMs = fake.world.nowMs,
    ...more
  }: { readonly atMs?: number; readonly period?: string; readonly estimated?: readonly string[] } = {},
): void {
  const entries = Object.entries(budgets).map(([name, rungs]) => [name, { rungs, atMs, ...more }] as const);
  const text = JSON.stringify({ version: 1, budgets: Object.fromEntries(entries) });
  const generation = (fake.world.objects.get(NOTE)?.generation ?? 0) + 1;
  fake.world.objects.set(NOTE, { text, generation, updatedMs: fake.world.nowMs });
}

describe.each(['GET', 'POST'] as const)('%s of a restore on whose project', (method) => {
  it('the rungs of another budget are in force: names it and them', async () => {
    await lab.stopResources();
    plant({ [OWN]: ['stop-compute'], [QUARTER]: ['notify', 'stop-notebooks', 'stop-compute'] });
    const { othersInForce } = await lab.restore(method);
    expect(othersInForce).toEqual([
      {
        ...{ project: RESEARCH, budget: QUARTER, rungs: ['stop-notebooks', 'stop-compute'] },
        why: `stop-notebooks, stop-compute of ${QUARTER} are in force on ${RESEARCH}: the restore opens no grace of that budget, and the kill switch takes away again what these rungs cover, within 5 minutes. Restore that budget as well, or raise it`,
      },
    ]);
    expect(fake.world.lines.join()).toContain(`stop-compute of ${QUARTER} are in force on ${RESEARCH}`);
  });

  it('a rung of another budget is in force that stops less than comes back: says no more than that one does', async () => {
    await lab.stopResources();
    plant({ [QUARTER]: ['stop-notebooks'] });
    expect((await lab.restore(method)).othersInForce).toMatchObject([
      { why: expect.stringContaining('takes away again what that rung covers, within 5 minutes') as string },
    ]);
  });

  it('a rung of the same budget is in force in a later period: names that period, and what to restore', async () => {
    await lab.stopResources();
    plant({ [OWN]: ['stop-compute'] }, { period: '2026-12-01' });
    expect((await lab.restore(method)).othersInForce).toEqual([
      {
        ...{ project: RESEARCH, budget: OWN, period: '2026-12-01', rungs: ['stop-compute'] },
        why: `stop-compute of the period 2026-12-01 of ${OWN} is in force on ${RESEARCH}: the restore opens a grace of ${PERIOD} alone, and the kill switch takes away again what that rung covers, within 5 minutes. Restore 2026-12-01 as well, or raise the budget`,
      },
    ]);
  });

  it('the switch holds the rungs of the next period by now: names them, for it takes away again what comes back', async () => {
    await lab.stopResources();
    fake.world.nowMs = Date.parse('2026-12-20T12:00:00Z');
    const december = () => lab.alert({ costIntervalStart: '2026-12-01T08:00:00Z' });
    expect(await december()).toBe(true);
    expect((await lab.restore(method)).othersInForce).toMatchObject([
      {
        ...{ budget: OWN, period: '2026-12-01' },
        rungs: ['stop-notebooks', 'stop-compute', 'unlink-billing'],
      },
    ]);
  });

  it.each([
    ['in the period that is restored', PERIOD],
    ['in a period that an earlier version did not say', undefined],
  ])('no rung but those of its own budget is in force, %s: names none', async (_, period) => {
    await lab.stopResources();
    plant({ [OWN]: ['stop-compute'], [QUARTER]: ['notify'] }, period === undefined ? {} : { period });
    expect(await lab.restore(method)).not.toHaveProperty('othersInForce');
  });

  it('a rung of another budget is in force by an estimate alone: says so', async () => {
    await lab.stopResources();
    plant({ [QUARTER]: ['stop-notebooks', 'stop-compute'] }, { estimated: ['stop-compute'] });
    const answer = await lab.restore(method);
    expect(answer.othersInForce).toMatchObject([
      {
        ...{ rungs: ['stop-notebooks', 'stop-compute'], byEstimate: ['stop-compute'] },
        why: expect.stringMatching(
          /or raise it\. stop-compute: by spend-watch’s estimate alone \(basis live\)/,
        ) as string,
      },
    ]);
    expect(answer).not.toHaveProperty('byEstimate');
  });

  it('a rung of its own budget is in force by an estimate alone: says so, and what that does to the grace', async () => {
    await lab.stopResources();
    plant({ [OWN]: ['stop-notebooks', 'stop-compute'] }, { period: PERIOD, estimated: ['stop-compute'] });
    const why = `stop-compute of this budget on ${RESEARCH}: by spend-watch’s estimate alone (basis live), which no message has reached yet; a lower estimate releases it by itself. A grace that is a share of the budget ends by the estimate as well: choose hours where it is wrong`;
    const { byEstimate } = await lab.restore(method);
    expect(byEstimate).toEqual([{ project: RESEARCH, rungs: ['stop-compute'], why }]);
    expect(fake.world.lines.join()).toContain(`Restore of ${RESEARCH}: stop-compute of this budget`);
  });

  it('a rung was in force and no look has said so for long: names none', async () => {
    await lab.stopResources();
    plant({ [QUARTER]: ['stop-compute'] }, { atMs: fake.world.nowMs - 31 * MINUTE_MS });
    expect(await lab.restore(method)).not.toHaveProperty('othersInForce');
  });

  it('whether one is in force cannot be read: says that it is not known, and brings back what there is', async () => {
    await lab.stopResources();
    refused = true;
    const { status, othersInForce } = await lab.restore(method);
    refused = false;
    expect(status).toBe(200);
    expect(othersInForce).toEqual([
      {
        project: RESEARCH,
        why: expect.stringMatching(
          /^whether a rung of another budget or period is in force on ml-research is not known: .*403/,
        ) as string,
      },
    ]);
  });
});
