import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { promoteCommand } from '../../../deploy/commands/promote.ts';
import { withBench, type DeployBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';

const NAME = 'idle-notebook-stopper';
const PRODUCTION = 'ml-production';
const STAGING_POLICY = `mode: enforce\nscope: [projects/ml-research]\nstate: gs://${OPS}-costguard\nnotebooks:\n`;
const PRODUCTION_POLICY = `mode: enforce\nscope: [projects/ml-vision]\nnotebooks: { idleAfter: 90m }\n`;

/**
 * Staging as it stands, and the way to production. The fake knows one region: production is another project in it, of which
 * the fake only has what deploy.sh requests first.
 */
async function withStaging(
  test: (bench: DeployBench, args: readonly string[]) => Promise<void>,
): Promise<void> {
  await withBench(async (bench) => {
    const { world } = bench.gcloud;
    bench.setPolicy(STAGING_POLICY);
    assert.equal(await deployCommand([...bench.place, NAME], bench.tools), 0, bench.printed().err);
    world.log.push({ timestamp: '2026-11-18T21:50:00Z', severity: 'INFO', jsonPayload: { message: 'ran' } });
    world.projects.set(PRODUCTION, {
      projectId: PRODUCTION,
      projectNumber: '100000000009',
      lifecycleState: 'ACTIVE',
    });
    const file = join(bench.folder, 'production.yaml');
    writeFileSync(file, PRODUCTION_POLICY);
    bench.printed();
    await test(bench, [
      NAME,
      `--policy=${file}`,
      `--project=${PRODUCTION}`,
      '--region=us-central1',
      `--from=${join(bench.folder, 'costguard.yaml')}`,
      `--staging=${OPS}`,
    ]);
  });
}

describe('promote.sh', () => {
  it('shows how the policies differ and deploys to production what has run in staging', () =>
    withStaging(async (bench, args) => {
      assert.equal(await promoteCommand([...args, '--plan'], bench.tools), 0);
      const { out } = bench.printed();
      assert.match(out, /# {3}scope: \["projects\/ml-research"\], \["projects\/ml-vision"\]\n/);
      assert.match(out, /# {3}notebooks\.idleAfterMinutes: 60, 90\n/);
      assert.match(
        out,
        /\ngcloud iam service-accounts create idle-notebook-stopper --project=ml-production /,
      );
    }));

  const refusals: readonly {
    readonly name: string;
    readonly change: (bench: DeployBench) => void;
    readonly says: RegExp;
  }[] = [
    {
      name: 'code that is not what runs in staging',
      change: (bench) => {
        bench.setCode(NAME, '// new');
      },
      says: /Staging is not what .*its code changed\.\n {4}deploy\/deploy\.sh idle-notebook-stopper --policy/,
    },
    {
      name: 'a policy that is not the one in staging',
      change: (bench) => {
        bench.setPolicy(STAGING_POLICY.replace('notebooks:', 'notebooks: { idleAfter: 2h }'));
      },
      says: /Staging is not what .*its part of the policy changed/,
    },
    {
      name: 'a function that has not run since it was deployed',
      change: ({ gcloud }) => (gcloud.world.log.length = 0),
      says: /has not run in staging since .*\n {4}gcloud scheduler jobs run costguard-idle-notebook-stopper/,
    },
    {
      name: 'a function that ran before it was deployed only',
      change: ({ gcloud }) => {
        for (const line of gcloud.world.log) line['timestamp'] = '2026-11-18T21:00:00Z';
      },
      says: /has not run in staging since/,
    },
    {
      name: 'a function that failed',
      change: ({ gcloud }) => {
        for (const line of gcloud.world.log) line['severity'] = 'ERROR';
      },
      says: /failed in staging at 2026-11-18T21:50:00Z: ran/,
    },
    {
      name: 'staging that looks after projects of production',
      change: (bench) => {
        bench.setPolicy(STAGING_POLICY.replace('ml-research', 'ml-vision'));
      },
      says: /Staging and production both look after projects\/ml-vision/,
    },
  ];
  for (const { name, change, says } of refusals)
    it(`refuses ${name}, and touches nothing`, () =>
      withStaging(async (bench, args) => {
        change(bench);
        const count = bench.gcloud.writes.length;
        assert.equal(await promoteCommand(args, bench.tools), 1);
        assert.match(bench.printed().err, says);
        assert.equal(bench.gcloud.writes.length, count);
      }));
});
