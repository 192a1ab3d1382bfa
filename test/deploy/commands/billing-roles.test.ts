import { describe, expect, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { promoteCommand } from '../../../deploy/commands/promote.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import { POLICY, withBench, type DeployBench } from './bench.ts';
import { OPS, OTHER_OPS } from './fake-gcloud.ts';

const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const ORGANIZATION = 'organizations/900100';
const CUSTOM = [
  `${ORGANIZATION}/roles/costguardBudgetKillSwitchBilling_ml_ops_local`,
  `${ORGANIZATION}/roles/costguardBudgetRestoreBilling_ml_ops_local`,
];
const SWITCH_OR_RESTORE = /^serviceAccount:budget-(?:kill-switch|restore)@/;
const PREDEFINED = ['roles/billing.user', 'roles/billing.viewer'];

const deploy = (bench: DeployBench, ...more: readonly string[]): Promise<number> =>
  deployCommand([...bench.place, ...more], bench.tools);

function boundOnAccount({ gcloud }: DeployBench): readonly string[] {
  return (gcloud.world.policies.get(ACCOUNT) ?? [])
    .flatMap(({ role, members }) =>
      members.flatMap((member) => (SWITCH_OR_RESTORE.test(member) ? [role] : [])),
    )
    .sort();
}

function withoutOrganization({ gcloud }: DeployBench): void {
  gcloud.world.billingAccounts.set(ACCOUNT.slice('billingAccounts/'.length), { name: ACCOUNT });
}

/** The functions have run since they were deployed, and answer. */
function ran({ gcloud }: DeployBench): void {
  gcloud.world.log.push({
    timestamp: '2026-11-18T21:50:00Z',
    severity: 'INFO',
    jsonPayload: { message: 'ok' },
  });
}

async function writesNothing(bench: DeployBench, command: () => Promise<number>): Promise<void> {
  const before = bench.gcloud.writes.length;
  await command();
  expect(bench.gcloud.writes.slice(before).map((args) => args.slice(0, 4).join(' '))).toEqual([]);
}

describe('the roles on billing accounts', () => {
  it('are by default the minimal ones of the organization that owns the account', async () =>
    withBench(async (bench) => {
      expect(await deploy(bench), bench.printed().err).toBe(0);
      expect(boundOnAccount(bench)).toEqual(CUSTOM);
      const [ofSwitch = ''] = CUSTOM;
      expect(bench.gcloud.world.roles.get(ofSwitch)?.['includedPermissions']).toEqual([
        'billing.accounts.get',
        'billing.budgets.get',
        'billing.resourceAssociations.delete',
      ]);
      expect(bench.printed().out).not.toMatch(/lacks billing\.resourceAssociations\.delete/);
    }));

  it('are predefined where the account has no organization, which plan and deployment say', async () =>
    withBench(async (bench) => {
      withoutOrganization(bench);
      expect(await deploy(bench)).toBe(0);
      expect(boundOnAccount(bench)).toEqual(PREDEFINED);
      const { out } = bench.printed();
      expect(out).toMatch(
        /budget-kill-switch gets roles\/billing\.viewer on billingAccounts\/\S+, which lacks billing\.resourceAssociations\.delete.*\n# It belongs to no organization/,
      );
      expect(out).not.toContain('--billing-roles custom');
      await writesNothing(bench, () => deploy(bench));
    }));

  for (const [title, args, bound] of [
    ['custom', [], CUSTOM],
    ['predefined, once it was said', ['--billing-roles=predefined'], PREDEFINED],
  ] as const)
    it(`stay ${title}: deploy.sh and doctor.sh need no flag, and teardown.sh leaves none of them`, async () =>
      withBench(async (bench) => {
        expect(await deploy(bench, ...args)).toBe(0);
        expect(boundOnAccount(bench)).toEqual(bound);
        ran(bench);
        bench.printed();
        await writesNothing(bench, () => deploy(bench));
        await writesNothing(bench, () => doctorCommand(bench.place, bench.tools));
        expect(bench.printed().out).toMatch(/^Nothing to do[^]*^All is well\.$/m);
        expect(await teardownCommand([...bench.place, '--yes'], bench.tools)).toBe(0);
        expect(boundOnAccount(bench)).toEqual([]);
        expect([...bench.gcloud.world.roles.values()].filter((role) => role['deleted'] !== true)).toEqual([]);
      }));

  it('are changed by saying the other kind, with the roles that nothing uses any more', async () =>
    withBench(async (bench) => {
      await deploy(bench);
      expect(await deploy(bench, '--billing-roles=predefined')).toBe(0);
      expect(boundOnAccount(bench)).toEqual(PREDEFINED);
      expect(CUSTOM.map((name) => bench.gcloud.world.roles.get(name)?.['deleted'])).toEqual([true, true]);
      expect(await deploy(bench, '--billing-roles=custom')).toBe(0);
      expect(boundOnAccount(bench)).toEqual(CUSTOM);
      await writesNothing(bench, () => deploy(bench));
    }));

  it('are custom again for all once it was said for one of the functions', async () =>
    withBench(async (bench) => {
      await deploy(bench, '--billing-roles=predefined');
      expect(await deploy(bench, 'budget-kill-switch', '--billing-roles=custom')).toBe(0);
      expect(await deploy(bench)).toBe(0);
      expect(boundOnAccount(bench)).toEqual(CUSTOM);
    }));

  it('are exchanged where an older deployment, which noted nothing, bound predefined ones', async () =>
    withBench(async (bench) => {
      await deploy(bench, '--billing-roles=predefined');
      for (const fn of bench.gcloud.world.functions.values()) {
        const { environmentVariables } = fn['serviceConfig'] as {
          environmentVariables: Record<string, string>;
        };
        delete environmentVariables['COSTGUARD_BILLING_ROLES'];
      }
      expect(await deploy(bench)).toBe(0);
      expect(boundOnAccount(bench)).toEqual(CUSTOM);
    }));

  it('need no right on the organization once predefined ones were chosen; before, the refusal names that way', async () =>
    withBench(async (bench) => {
      bench.setPolicy(POLICY.replace(', folders/500100', ''));
      bench.lacks.set(ORGANIZATION, ['iam.roles.create']);
      expect(await deploy(bench)).toBe(1);
      expect(bench.printed().err).toMatch(
        /You lack iam\.roles\.create on organizations\/900100\.\n.*roles\/iam\.organizationRoleAdmin.*\n {4}Or --billing-roles predefined/,
      );
      expect(await deploy(bench, '--billing-roles=predefined')).toBe(0);
      expect(await deploy(bench)).toBe(0);
      expect(bench.gcloud.reads.some((args) => args.includes(`--organization=900100`))).toBe(false);
    }));

  it('refuses an account that cannot be seen before anything is changed', async () =>
    withBench(async (bench) => {
      bench.gcloud.world.billingAccounts.clear();
      await writesNothing(bench, () => deploy(bench));
      expect(bench.printed().err).toMatch(/billingAccounts\/\S+ does not exist, or you may not see it\./);
    }));

  it('are remembered by promote.sh of staging and of production, each its own', async () =>
    withBench(async (bench) => {
      const staging = bench.place.map((one) => one.replace(OPS, OTHER_OPS));
      const policyOf = (project: string, scope: string): string =>
        POLICY.replaceAll(OPS, project).replace('projects/ml-research, folders/500100', scope);
      bench.setPolicy(policyOf(OTHER_OPS, 'projects/ml-vision'));
      await deployCommand(['budget-kill-switch', ...staging, '--billing-roles=predefined'], bench.tools);
      const [fromFile = ''] = bench.place;
      const { copyFileSync } = await import('node:fs');
      const stagingFile = `${bench.folder}/staging.yaml`;
      copyFileSync(fromFile.slice('--policy='.length), stagingFile);
      bench.setPolicy(policyOf(OPS, 'projects/ml-research'));
      ran(bench);
      const args = ['budget-kill-switch', ...bench.place, `--from=${stagingFile}`, `--staging=${OTHER_OPS}`];
      expect(await promoteCommand(args, bench.tools), bench.printed().err).toBe(0);
      expect(boundOnAccount(bench)).toEqual([CUSTOM[0], 'roles/billing.viewer']);
    }));
});
