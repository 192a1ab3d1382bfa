import { describe, expect, it } from 'vitest';
import type { FakeGoogle } from '../../../support/fake-google.ts';
import { BUDGETS } from '../../../support/ladder-model.ts';
import { MINUTE_MS, RESEARCH, restoreWorld } from '../../../support/restore-world.ts';

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

function plant(budgets: Readonly<Record<string, readonly string[]>>, atMs = fake.world.nowMs): void {
  const entries = Object.entries(budgets).map(([name, rungs]) => [name, { rungs, atMs }] as const);
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
        why: `stop-notebooks, stop-compute of ${QUARTER} are in force on ${RESEARCH}: the restore opens no grace of that budget, and the kill switch takes away again what comes back, within 5 minutes. Restore that budget as well, or raise it`,
      },
    ]);
    expect(fake.world.lines.join()).toContain(`stop-compute of ${QUARTER} are in force on ${RESEARCH}`);
  });

  it('no rung but those of its own budget is in force: names none', async () => {
    await lab.stopResources();
    plant({ [OWN]: ['stop-compute'], [QUARTER]: ['notify'] });
    expect(await lab.restore(method)).not.toHaveProperty('othersInForce');
  });

  it('a rung was in force and no look has said so for long: names none', async () => {
    await lab.stopResources();
    plant({ [QUARTER]: ['stop-compute'] }, fake.world.nowMs - 31 * MINUTE_MS);
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
          /^whether a rung of another budget is in force on ml-research is not known: .*403/,
        ) as string,
      },
    ]);
  });
});
