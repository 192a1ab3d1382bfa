import { describe, expect, it } from 'vitest';
import { turnAllOff } from '../../support/fake-google.ts';
import { MINUTE_MS, restoreWorld, stateOf } from '../../support/restore-world.ts';

/** What Google answers without billing, to listings as to starts. */
const REFUSED = {
  code: 403,
  status: 'PERMISSION_DENIED',
  message: 'This API method requires billing to be enabled.',
  details: [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'BILLING_DISABLED',
      domain: 'googleapis.com',
    },
  ],
};
const NEEDS_BILLING =
  /^\S+ https:\/\/(?!cloudbilling|cloudresourcemanager|storage|billingbudgets).*\/projects\/(?:ml-research|101)\//;

const lab = restoreWorld((request, answer) =>
  lab.project().account === '' && NEEDS_BILLING.test(request)
    ? Promise.reject(
        Object.assign(new Error('refused'), { response: { status: 403, data: { error: REFUSED } } }),
      )
    : answer(),
);
const { fake } = lab;

async function report(costAmount: number): Promise<void> {
  expect(await lab.alert({ costAmount, budgetAmount: 100 })).toBe(true);
  fake.world.nowMs += 10 * MINUTE_MS;
}

function cut(): void {
  const project = lab.project();
  project.account = '';
  turnAllOff(project);
}

/** Lines of the switch that say that nothing is left to do on the project. */
function saidNothingLeft(rung: string): number {
  return fake.world.lines.filter((line) =>
    line.includes(`${rung} has nothing left to do on ml-research: no billing account pays for it`),
  ).length;
}

describe('billing that an operator unlinked', () => {
  for (const percent of [85, 101])
    it(`at ${percent} %: nothing is left to do, said once, and no restore links it`, async () => {
      lab.fresh();
      const before = stateOf(lab.project()) as { readonly account: string };
      await report(percent);
      cut();
      fake.world.changes.length = 0;
      fake.world.lines.length = 0;
      for (let messages = 0; messages < 3; messages++) {
        await report(125);
        expect(await lab.tick()).toBe(true);
      }
      expect(fake.world.changes.filter((change) => change.includes('ml-research'))).toEqual([]);
      expect(saidNothingLeft('unlink-billing')).toBe(1);
      await lab.restore();
      expect(fake.world.changes.filter((change) => change.startsWith('link'))).toEqual([]);
      expect(lab.project().account).toBe('');
      // What it cannot start now comes back once an operator has linked the project.
      lab.project().account = before.account;
      fake.world.nowMs += 40 * MINUTE_MS;
      const { status } = await lab.restore();
      expect(status).toBe(200);
      expect(lab.project().notebooks.get('nb-1')).toBe(true);
      expect(lab.project().vms.get('vm-1')).toBe(percent === 101);
    });

  it('after a restore linked it: the next restore does not link it again', async () => {
    lab.fresh();
    await report(125);
    expect(lab.project().account).toBe('');
    expect((await lab.restore()).status).toBe(200);
    cut();
    fake.world.changes.length = 0;
    fake.world.lines.length = 0;
    fake.world.nowMs += 10 * MINUTE_MS;
    for (let messages = 0; messages < 3; messages++) await report(150);
    expect(saidNothingLeft('unlink-billing')).toBe(1);
    await lab.restore();
    expect(fake.world.changes.filter((change) => change.startsWith('link'))).toEqual([]);
  });
});
