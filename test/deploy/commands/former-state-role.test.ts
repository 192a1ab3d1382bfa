import { expect, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { withBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';

/** budget-restore had a role of its own on the state bucket, for what the common one has by now. */
it('a role on the state bucket that a function no longer needs is taken away and deleted', () =>
  withBench(async (bench) => {
    expect(await deployCommand(bench.place, bench.tools)).toBe(0);
    const { roles, policies } = bench.gcloud.world;
    const name = `projects/${OPS}/roles/costguardBudgetRestoreState`;
    const bucket = `gs://${OPS}-costguard`;
    const member = `serviceAccount:budget-restore@${OPS}.iam.gserviceaccount.com`;
    roles.set(name, { name, title: 'old', stage: 'GA', includedPermissions: ['storage.objects.list'] });
    policies.get(bucket)?.push({ role: name, members: [member] });
    expect(await deployCommand(bench.place, bench.tools)).toBe(0);
    expect(policies.get(bucket)?.some(({ role }) => role === name)).toBe(false);
    expect(roles.get(name)?.['deleted']).toBe(true);
    const left = policies.get(bucket)?.filter(({ members }) => members.includes(member));
    expect(left?.length).toBe(2);
  }));
