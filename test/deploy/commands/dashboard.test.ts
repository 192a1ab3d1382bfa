import { describe, expect, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import { POLICY, withBench, type DeployBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';

const WITH_METRICS = POLICY.replace('watch:\n', 'watch: { metrics: true }\n');
const KEY = `${OPS}/costguard-spend-watch`;

/** Commands about dashboards that changed something, since so many before. */
function writesOf({ gcloud }: DeployBench, since = 0): readonly string[] {
  return gcloud.writes
    .slice(since)
    .filter(([group, what]) => group === 'monitoring' && what === 'dashboards')
    .map((args) =>
      args
        .slice(2)
        .filter((one) => !one.startsWith('--'))
        .join(' '),
    );
}

async function withMetrics(test: (bench: DeployBench) => Promise<void>): Promise<void> {
  await withBench(async (bench) => {
    bench.setPolicy(WITH_METRICS);
    expect(await deployCommand(bench.place, bench.tools), bench.printed().err).toBe(0);
    await test(bench);
  });
}

describe('the dashboard over the metrics of spend-watch', () => {
  it('is made where the policy writes metrics, under a name of its own, and once', () =>
    withMetrics(async (bench) => {
      expect(writesOf(bench)).toEqual(['create']);
      expect(bench.gcloud.world.dashboards.get(KEY)).toMatchObject({
        displayName: 'costguard: spend ahead of billing',
        labels: { 'managed-by': 'costguard' },
      });
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      expect(writesOf(bench)).toEqual(['create']);
      expect(bench.printed().out).toMatch(/Nothing to do: all is as it should be/);
    }));

  it('is not made where the policy writes none, and takes no right then', () =>
    withBench(async (bench) => {
      bench.lacks.set(`projects/${OPS}`, ['monitoring.dashboards.create', 'monitoring.dashboards.list']);
      const { gcloud } = bench;
      gcloud.refuse = (args) =>
        args[1] === 'dashboards'
          ? 'PERMISSION_DENIED: Permission monitoring.dashboards.list denied'
          : undefined;
      expect(await deployCommand(bench.place, bench.tools), bench.printed().err).toBe(0);
      expect(gcloud.world.dashboards.size).toBe(0);
    }));

  it('names the rights that its caller lacks, before anything is changed', () =>
    withBench(async (bench) => {
      bench.setPolicy(WITH_METRICS);
      bench.lacks.set(`projects/${OPS}`, ['monitoring.dashboards.create']);
      expect(await deployCommand(bench.place, bench.tools)).toBe(1);
      expect(bench.printed().err).toMatch(
        /You lack monitoring\.dashboards\.create[^]*roles\/monitoring\.dashboardEditor/,
      );
      expect(bench.gcloud.writes).toEqual([]);
    }));

  it('keeps what people changed in it, until costguard ships another content', () =>
    withMetrics(async (bench) => {
      const made = bench.gcloud.world.dashboards.get(KEY) ?? {};
      const labels = made['labels'] as Record<string, string>;
      made['mosaicLayout'] = { columns: 1, tiles: [] };
      made['etag'] = 'changed by hand';
      await deployCommand(bench.place, bench.tools);
      expect(writesOf(bench)).toEqual(['create']);
      labels['costguard-content'] = 'of-an-older-costguard';
      labels['team'] = 'ml';
      await deployCommand(bench.place, bench.tools);
      expect(writesOf(bench)).toEqual(['create', 'update costguard-spend-watch']);
      const updated = bench.gcloud.world.dashboards.get(KEY);
      expect(JSON.stringify(updated)).toMatch(/burn_usd_per_hour/);
      expect(updated?.['labels']).toMatchObject({ team: 'ml', 'managed-by': 'costguard' });
    }));

  it('of the same name that deploy.sh did not make is left alone, by teardown.sh as well', () =>
    withBench(async (bench) => {
      bench.setPolicy(WITH_METRICS);
      const { world } = bench.gcloud;
      world.apis.add('monitoring.googleapis.com');
      world.dashboards.set(KEY, { name: `projects/1/dashboards/costguard-spend-watch`, displayName: 'mine' });
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      bench.printed();
      await doctorCommand(bench.place, bench.tools);
      expect(bench.printed().out).toMatch(/^Dashboard of spend-watch: .*, not made by deploy\.sh$/m);
      expect(await teardownCommand([...bench.place, '--yes'], bench.tools)).toBe(0);
      expect(writesOf(bench)).toEqual([]);
      expect(world.dashboards.get(KEY)).toMatchObject({ displayName: 'mine' });
    }));

  it('is told by doctor.sh, in lines of 80 columns, there or not', () =>
    withMetrics(async (bench) => {
      bench.printed();
      expect(await doctorCommand(bench.place, bench.tools)).toBe(0);
      const { out } = bench.printed();
      expect(out).toMatch(/^Dashboard of spend-watch: "costguard: spend ahead of billing"$/m);
      for (const line of out.split('\n').filter((one) => one.startsWith('Dashboard')))
        expect(line.length).toBeLessThanOrEqual(80);
      bench.gcloud.world.dashboards.clear();
      expect(await doctorCommand(bench.place, bench.tools)).toBe(1);
      const without = bench.printed().out;
      expect(without).toMatch(/^Dashboard of spend-watch: not there$/m);
      expect(without).toMatch(/Differs from the policy: The dashboard .*gcloud monitoring dashboards create/);
    }));

  it('stays when the policy writes metrics no more, and is named with what removes it; the right goes', () =>
    withMetrics(async (bench) => {
      const role = [...bench.gcloud.world.roles.keys()].find((name) => name.includes('SpendWatchMetrics'));
      expect(role).toBe(`projects/${OPS}/roles/costguardSpendWatchMetrics_ml_ops_local`);
      expect(JSON.stringify(bench.gcloud.world.policies.get(`projects/${OPS}`))).toContain(role);
      bench.setPolicy(POLICY);
      bench.printed();
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      expect(bench.printed().out).toMatch(
        /^# Dashboard of spend-watch: there, although watch\.metrics is off\. Remove it:\n# gcloud monitoring dashboards delete costguard-spend-watch/m,
      );
      expect(bench.gcloud.world.dashboards.size).toBe(1);
      expect(JSON.stringify(bench.gcloud.world.policies.get(`projects/${OPS}`))).not.toContain('Metrics');
      await doctorCommand(bench.place, bench.tools);
      expect(bench.printed().out).toMatch(/Dashboard of spend-watch: there, although watch\.metrics is off/);
    }));

  it('goes with teardown.sh', () =>
    withMetrics(async (bench) => {
      expect(await teardownCommand([...bench.place, '--yes'], bench.tools)).toBe(0);
      expect(bench.gcloud.world.dashboards.size).toBe(0);
      expect(JSON.stringify(bench.gcloud.world.policies.get(`projects/${OPS}`))).not.toContain('Metrics');
    }));
});
