import { describe, expect, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import { withBench, type DeployBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';

const placeIn = ({ place }: DeployBench, region: string): readonly string[] => [
  ...place.slice(0, 2),
  `--region=${region}`,
];

describe('a second region in one operations project', () => {
  it('is refused before anything is changed, with what is where and the three ways out', () =>
    withBench(async (bench) => {
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      bench.printed();
      const snapshot = bench.gcloud.snapshot();
      const writes = bench.gcloud.writes.length;
      expect(await deployCommand(placeIn(bench, 'europe-west4'), bench.tools)).toBe(1);
      const { err } = bench.printed();
      expect(err).toContain(
        `${OPS} has costguard in us-central1 already (budget-kill-switch, budget-restore,`,
      );
      expect(err).toContain('Deploy with --region us-central1');
      expect(err).toContain(`deploy/teardown.sh --policy POLICY_FILE --project ${OPS} --region us-central1`);
      expect(err).toContain('Nothing was changed.');
      expect(bench.gcloud.writes.length).toBe(writes);
      expect(bench.gcloud.snapshot()).toEqual(snapshot);
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
    }));

  it('that an older deployment made is told by doctor.sh, and its teardown takes nothing from the other', () =>
    withBench(async (bench) => {
      await deployCommand(bench.place, bench.tools);
      const { functions, jobs, accounts, roles, topics, policies } = bench.gcloud.world;
      const name = 'lifecycle-enforcer';
      const here = functions.get(name) ?? {};
      const there = String(here['name']).replace('us-central1', 'europe-west4');
      functions.set(`europe-west4/${name}`, { ...here, name: there });
      bench.printed();
      expect(await doctorCommand(bench.place, bench.tools)).toBe(1);
      expect(bench.printed().out).toContain(`${OPS} has costguard in europe-west4 already (${name})`);
      const shared = structuredClone({ accounts, roles, topics, policies });
      expect(await teardownCommand([name, ...bench.place, '--yes'], bench.tools)).toBe(0);
      expect(functions.has(name)).toBe(false);
      expect(jobs.has(`costguard-${name}`)).toBe(false);
      expect(functions.has(`europe-west4/${name}`)).toBe(true);
      expect({ accounts, roles, topics }).toEqual({
        accounts: shared.accounts,
        roles: shared.roles,
        topics: shared.topics,
      });
      const held = (of: typeof policies): unknown =>
        [...of].flatMap(([on, bindings]) =>
          bindings
            .filter(({ members }) => members.some((one) => one.includes(`${name}@`)))
            .map(({ role }) => [on, role]),
        );
      expect(held(policies)).toEqual(held(shared.policies));
    }));
});
