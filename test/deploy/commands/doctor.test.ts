import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { POLICY, withBench, type DeployBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';

async function examine(bench: DeployBench): Promise<{ readonly code: number; readonly out: string }> {
  bench.printed();
  const code = await doctorCommand(bench.place, bench.tools);
  const { out, err } = bench.printed();
  return { code, out: out + err };
}

const line = (severity: string, message: string): Record<string, unknown> => ({
  timestamp: '2026-11-18T21:50:00Z',
  severity,
  jsonPayload: { message },
});

describe('doctor.sh', () => {
  it('says that all is well, with runtime and last run, and writes nothing', () =>
    withBench(async (bench) => {
      await deployCommand(bench.place, bench.tools);
      bench.gcloud.world.log.push(line('INFO', 'ml-research (enforce); nothing to do'));
      const count = bench.gcloud.writes.length;
      const { code, out } = await examine(bench);
      assert.equal(code, 0, out);
      assert.match(
        out,
        /^idle-notebook-stopper +started, and its subscription delivers +nodejs24 until 2028-10-31 +2026-11-18T21:50:00Z INFO: ml-research/m,
      );
      assert.match(out, /\nAll is well\.\n$/);
      assert.equal(bench.gcloud.writes.length, count);
    }));

  const runErrors: readonly {
    readonly name: string;
    readonly change: (bench: DeployBench) => void;
    readonly says: RegExp;
  }[] = [
    {
      name: 'an error in the last run',
      change: ({ gcloud }) => gcloud.world.log.push(line('ERROR', 'Cannot use the policy')),
      says: /idle-notebook-stopper failed at 2026-11-18T21:50:00Z: Cannot use the policy/,
    },
    {
      name: 'a runtime that is out of service',
      change: ({ gcloud }) => {
        const fn = gcloud.world.functions.get('budget-restore')?.['buildConfig'] as Record<string, unknown>;
        fn['runtime'] = 'nodejs20';
      },
      says: /nodejs20 was taken out of service on 2026-10-30/,
    },
    {
      name: 'dead letters',
      change: ({ gcloud }) => {
        const source = 'eventarc-us-central1-budget-kill-switch-123456-sub-789';
        const attributes = { CloudPubSubDeadLetterSourceSubscription: source };
        gcloud.world.deadLetters.push({ message: { attributes } }, { message: { attributes } });
      },
      says: /2 dead letters of budget-kill-switch: gcloud pubsub subscriptions pull costguard-dead-letters-hold/,
    },
    {
      name: 'poison',
      change: ({ gcloud }) =>
        gcloud.world.objects.add(`gs://${OPS}-costguard/poison/budget-kill-switch/13.json`),
      says: /1 messages that budget-kill-switch could not read: gcloud storage cat gs:/,
    },
    {
      name: 'a paused job',
      change: ({ gcloud }) => {
        const job = gcloud.world.jobs.get('costguard-idle-notebook-stopper') ?? {};
        job['state'] = 'PAUSED';
      },
      says: /its job is paused: gcloud scheduler jobs resume costguard-idle-notebook-stopper/,
    },
    {
      name: 'a policy that has changed since',
      change: (bench) => {
        bench.setPolicy(POLICY.replace('notebooks:', 'notebooks: { idleAfter: 90m }'));
      },
      says: /Differs from the policy: idle-notebook-stopper: its part of the policy changed .*gcloud functions deploy/,
    },
    {
      name: 'a function that is gone',
      change: ({ gcloud }) => gcloud.world.functions.delete('budget-restore'),
      says: /^budget-restore +not deployed\n[^]*Differs from the policy: budget-restore: it is not deployed yet/m,
    },
    {
      name: 'a role that a user widened',
      change: ({ gcloud }) => {
        const role =
          gcloud.world.roles.get('projects/ml-research/roles/costguardBudgetKillSwitch_ml_ops_local') ?? {};
        (role['includedPermissions'] as string[]).push('compute.instances.delete');
      },
      says: /Differs from the policy: The role "costguard budget-kill-switch" of projects\/ml-research has other/,
    },
  ];
  for (const { name, change, says } of runErrors)
    it(`tells of ${name}`, () =>
      withBench(async (bench) => {
        await deployCommand(bench.place, bench.tools);
        change(bench);
        const { code, out } = await examine(bench);
        assert.equal(code, 1);
        assert.match(out, says);
      }));
});
