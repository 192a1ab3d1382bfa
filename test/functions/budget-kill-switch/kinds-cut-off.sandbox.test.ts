import { describe, expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  manifestsIn,
  RUNAWAY,
  RUNAWAY_NUMBER,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { EVERY_KIND_REGIONS, everyStoppableKind } from '../../support/every-kind.ts';
import { runUntilHanging } from '../../support/hooks.ts';

const scenario = budgetScenario({
  projects: [everyStoppableKind({ id: RUNAWAY, number: RUNAWAY_NUMBER })],
  regions: EVERY_KIND_REGIONS,
});
const DUE = alert(1.01);

/** Longer than a lease holds. */
const LEASE_MS = 100_000;
/** A killed instance waits for its last answer this long, in real time. */
const attemptTimeoutMs = 5_000;

/** What was changed, and what the manifest would bring back. What is left differs with the look: machines of a stopped cluster end late. */
function endState({ sandbox }: SwitchWorld): object {
  const rungs = manifestsIn(sandbox)[RUNAWAY]?.rungs ?? [];
  const items = rungs.flatMap((rung) =>
    (rung.items ?? []).map((item) => ({
      ...{ rung: rung.do, fired: rung.status, resource: item.resource, status: item.status },
      record: 'record' in item ? item.record : undefined,
    })),
  );
  const sorted = items.sort((a, b) => (`${a.rung} ${a.resource}` < `${b.rung} ${b.resource}` ? -1 : 1));
  return { changes: changesIn(sandbox), items: sorted };
}

/** Delivers after the disturbance is over, and after all that was requested has taken effect. */
async function deliverAgain(world: SwitchWorld): Promise<object> {
  const { sandbox } = world;
  sandbox.faults.clear();
  await sandbox.clock.advance(LEASE_MS);
  await world.alert(DUE, world.start());
  await sandbox.clock.advance(LEASE_MS);
  return endState(world);
}

describe('stop-compute on every kind, disturbed at each of its writes', async () => {
  let undisturbed: object = {};
  let writes: readonly string[] = [];
  await withSwitch({ scenario }, async (world) => {
    await world.alert(DUE);
    await world.sandbox.clock.advance(LEASE_MS);
    undisturbed = endState(world);
    const changed = world.sandbox.callLog
      .calls()
      .filter(({ id, method }) => method !== 'GET' && !/^(?:storage|pubsub)\./.test(id));
    writes = [...new Set(changed.map(({ id }) => id))];
  });

  it('has a write of each kind beside machines', () => {
    const verbs = writes.map((id) => id.split('.').slice(-2).join('.')).sort();
    expect(verbs).toEqual(
      expect.arrayContaining([
        'autoscalers.patch',
        'batchPredictionJobs.cancel',
        'clusters.stop',
        'clusters.update',
        'instanceGroupManagers.resize',
        'nodePools.setAutoscaling',
        'nodePools.setSize',
        'nodes.stop',
        'notebookRuntimes.stop',
        'pipelineJobs.cancel',
        'schedules.pause',
        'trainingPipelines.cancel',
        'workstations.stop',
      ]),
    );
  });

  for (const route of writes) {
    it(`${route}, killed when it is carried out: same end after redelivery, each thing once`, () =>
      withSwitch({ scenario }, async (world) => {
        const { sandbox } = world;
        const doomed = world.start({ attemptTimeoutMs });
        sandbox.faults.add({ route, count: 1, fault: { kind: 'timeout', after: true } });
        await runUntilHanging(sandbox, () => world.alert(DUE, doomed));
        doomed.kill();
        expect(await deliverAgain(world)).toEqual(undisturbed);
      }));

    it(`${route}, refused once: said, and the same end after redelivery`, () =>
      withSwitch({ scenario }, async (world) => {
        const { sandbox } = world;
        sandbox.faults.add({ route, count: 1, fault: { kind: 'status', status: 403 } });
        await world.alert(DUE).catch(() => undefined);
        const said = world.lines.filter((line) => typeof line === 'object' && line['severity'] === 'ERROR');
        expect(said).not.toEqual([]);
        expect(await deliverAgain(world)).toEqual(undisturbed);
      }));

    it(`${route}, refused once, and killed when the next look's request is carried out: same end, each thing once`, () =>
      withSwitch({ scenario }, async (world) => {
        const { sandbox } = world;
        // The rung above would stop the notebooks that this one is refused.
        const due = route.startsWith('notebooks.') ? alert(0.9) : DUE;
        sandbox.faults.add({ route, count: 1, fault: { kind: 'status', status: 403 } });
        await world.alert(due).catch(() => undefined);
        await sandbox.clock.advance(LEASE_MS);
        const doomed = world.start({ attemptTimeoutMs });
        sandbox.faults.add({ route, count: 1, fault: { kind: 'timeout', after: true } });
        await runUntilHanging(sandbox, () => world.alert(due, doomed));
        doomed.kill();
        expect(await deliverAgain(world)).toEqual(undisturbed);
      }));
  }
});
