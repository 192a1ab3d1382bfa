import { describe, expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  manifestsIn,
  RUNAWAY,
  SMALL_PROJECT,
  SWITCH,
  switchPolicy,
  withSwitch,
  type RestoreAnswer,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt, messagesOf } from '../../support/observe.ts';

const scenario = budgetScenario({ projects: [SMALL_PROJECT] });
const policy = switchPolicy({ lines: ['ladder: [{at: 1, do: unlink-billing}]'] });
/** All that is seen by the listing of VMs. */
const UNSEEN = ['Dataproc clusters', 'VMs', 'managed instance groups'].map(
  (what) => `projects/ml-runaway ${what}`,
);
const TEXT =
  /^unlink-billing is incomplete on ml-runaway: what runs there unseen stops with billing, is not in the restore manifest, and no restore brings it back: projects\/ml-runaway (?:VMs|managed instance groups|Dataproc clusters): .*HTTP 403/;

type Answer = RestoreAnswer & { readonly notRemembered?: readonly { where: string; why: string }[] };

describe('unlink-billing where the inventory is refused', () => {
  it('waits for one more delivery; then log, receipt, manifest and restore say what could not be remembered', () =>
    withSwitch({ scenario, policy }, async (world) => {
      const { sandbox } = world;
      const errors = (): readonly string[] =>
        messagesOf(world.lines, 'ERROR').filter((text) => TEXT.test(text));
      sandbox.faults.add({
        route: 'compute.instances.aggregatedList',
        fault: { kind: 'status', status: 403 },
      });
      await expect(world.alert(alert(1.3))).rejects.toThrow(/Cannot unlink "ml-runaway" yet/);
      expect(changesIn(sandbox)).toEqual({});
      expect(errors().length).toBe(1);

      await world.alert(alert(1.3));
      expect(sandbox.billing.links.enabled(RUNAWAY)).toBe(false);
      expect(errors().length).toBe(2);
      const { decisions, incomplete } = lastReceipt(sandbox, BUCKET, SWITCH);
      expect(decisions.find(({ action }) => action === 'unlink-billing')?.outcome).toBe('failed');
      expect(incomplete.map(({ where }) => where).sort()).toEqual(UNSEEN);
      const rung = manifestsIn(sandbox)[RUNAWAY]?.rungs[0];
      expect([rung?.status, rung?.complete]).toEqual(['claimed', false]);
      const lost = rung?.left?.filter(({ unseen }) => unseen === true);
      expect(lost?.map(({ resource }) => resource).sort()).toEqual(UNSEEN);
      expect(lost?.[0]?.reason).toMatch(/^not seen before billing was unlinked: .*HTTP 403/);

      const plan: Answer = await world.restore('GET');
      expect(plan.notRemembered?.map(({ where }) => where).sort()).toEqual(UNSEEN);
      await world.alert(alert(1.3));
      expect(Object.values(changesIn(sandbox))).toEqual([1]);
    }));
});
