import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Fault } from '../../sandbox/http/faults.ts';
import {
  alert,
  budgetScenario,
  changesIn,
  manifestsIn,
  RUNAWAY,
  SMALL_PROJECT,
  SWITCH,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt } from '../../support/observe.ts';

const scenario = budgetScenario({ projects: [SMALL_PROJECT] });
const VERTEX_LISTS = 'aiplatform.projects.locations.tuningJobs.list';

function rungIn({ sandbox }: SwitchWorld, action: string): { status?: string; complete?: boolean } {
  const rung = manifestsIn(sandbox)[RUNAWAY]?.rungs.find(({ do: does }) => does === action);
  return { ...(rung === undefined ? {} : { status: rung.status, complete: rung.complete === true }) };
}

function linesAt({ lines }: SwitchWorld, severity: string): readonly string[] {
  return lines.flatMap((line) =>
    typeof line === 'object' && line['severity'] === severity ? [String(line['message'])] : [],
  );
}

describe('what cannot be seen', () => {
  for (const [title, fault, offered] of [
    [
      '400 in words',
      { kind: 'status', status: 400, message: 'Tuning is not supported in this region.' },
      false,
    ],
    ['403 in words', { kind: 'status', status: 403, message: 'Tuning is not available in us-east4.' }, false],
    ['404', { kind: 'status', status: 404, message: 'Method not found.' }, false],
    ['501', { kind: 'status', status: 501, message: 'Operation is not implemented.' }, false],
    ['a page of HTML with 404', { kind: 'html', status: 404 }, false],
    ['400 for another reason', { kind: 'status', status: 400, message: 'Invalid page size.' }, true],
    [
      '403 for a permission',
      { kind: 'status', status: 403, message: "Permission 'aiplatform.tuningJobs.list' denied." },
      true,
    ],
    [
      '403 that talks of a perimeter',
      {
        kind: 'status',
        status: 403,
        message: 'vpcServiceControlsUniqueIdentifier: not supported in this region',
      },
      true,
    ],
    ['a page of HTML with 403', { kind: 'html', status: 403 }, true],
    ['a page of HTML with 200', { kind: 'html', status: 200 }, true],
  ] as const satisfies readonly (readonly [string, Fault, boolean])[])
    it(`${offered ? 'is a gap' : 'is no gap, and remembered for a day'} where one region answers ${title}`, () =>
      withSwitch({ scenario }, async (world) => {
        const { sandbox } = world;
        sandbox.faults.add({ route: VERTEX_LISTS, pathIncludes: 'us-east4', fault });
        const delivery = world.alert(alert(1.1));
        // It was no answer of the API's: the event comes again.
        await (title === 'a page of HTML with 200' ? assert.rejects(delivery) : delivery);
        assert.equal(
          changesIn(sandbox)['instances.stop vm-1/stop'] ?? changesIn(sandbox)['instances.stop nb-1:stop'],
          1,
        );
        assert.equal(rungIn(world, 'stop-compute').status, offered ? 'claimed' : 'done');
        const errors = linesAt(world, 'ERROR').filter((line) => line.includes('stop-compute is incomplete'));
        assert.equal(errors.length, offered ? 1 : 0, JSON.stringify(errors));
        const receipt = lastReceipt(sandbox, BUCKET, SWITCH);
        assert.equal(receipt.incomplete.length, offered ? 1 : 0);
        assert.equal(receipt.kept['not-offered'] ?? 0, offered ? 0 : 1);
        const memory = sandbox.storage.objectText(BUCKET, `not-offered/${RUNAWAY}.json`);
        assert.equal(memory?.includes('tuningJobs in us-east4') ?? false, !offered);
      }));

  for (const [title, hours, times] of [
    ['does not ask within a day', 1, 1],
    ['requests again after a day', 25, 2],
  ] as const)
    it(`${title} what a region did not offer`, () =>
      withSwitch({ scenario }, async (world) => {
        const { sandbox } = world;
        sandbox.faults.add({
          route: VERTEX_LISTS,
          pathIncludes: 'us-east4',
          fault: { kind: 'status', status: 501 },
        });
        await world.alert(alert(1.1));
        await sandbox.clock.advance(hours * 3_600_000);
        await world.alert(alert(1.3));
        const requests = sandbox.callLog
          .calls()
          .filter(({ id, path }) => id === VERTEX_LISTS && path.includes('us-east4'));
        assert.equal(requests.length, times);
      }));

  it('is a gap where no region answers: the permission may be what lacks', () =>
    withSwitch({ scenario }, async (world) => {
      world.sandbox.faults.add({ route: VERTEX_LISTS, fault: { kind: 'status', status: 404 } });
      await world.alert(alert(1.1));
      assert.deepEqual(rungIn(world, 'stop-compute'), { status: 'claimed', complete: false });
    }));

  it('behind a service perimeter is incomplete at ERROR with every message, and never done', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      sandbox.perimeters.add({
        project: RUNAWAY,
        services: ['compute.googleapis.com', 'notebooks.googleapis.com', 'aiplatform.googleapis.com'],
      });
      for (const share of [1.01, 1.05]) {
        await world.alert(alert(share));
        assert.deepEqual(rungIn(world, 'stop-compute'), { status: 'claimed', complete: false });
        const receipt = lastReceipt(sandbox, BUCKET, SWITCH);
        assert.deepEqual(
          receipt.incomplete.map(({ where }) => where.replace(/^projects\/ml-runaway /, '')).sort(),
          ['Dataproc clusters', 'VMs', 'Vertex AI', 'managed instance groups', 'notebooks'],
        );
        assert.ok(
          receipt.decisions.every(({ outcome, action }) => outcome !== 'done' || action === 'notify'),
          JSON.stringify(receipt.decisions),
        );
      }
      const errors = linesAt(world, 'ERROR').filter((line) => line.includes('is incomplete on ml-runaway'));
      assert.equal(errors.length, 4);
      assert.match(errors[0] ?? '', /VPC Service Controls keep the switch out, whatever IAM allows/);
    }));

  it('behind a perimeter of the scenario file is a gap as well', () =>
    withSwitch(
      {
        scenario: {
          ...scenario,
          perimeters: [{ project: RUNAWAY, services: ['compute.googleapis.com'] }],
        },
      },
      async (world) => {
        await world.alert(alert(1.1));
        assert.deepEqual(rungIn(world, 'stop-compute'), { status: 'claimed', complete: false });
      },
    ));

  it('goes on location by location where the wildcard is refused, and one that is denied is a gap', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      for (const [pathIncludes, status, message] of [
        ['/locations/-/', 400, 'Invalid location -'],
        ['/locations/europe-west4', 403, 'denied by VPC Service Controls'],
        ['/locations/us-east4', 404, 'Workbench is not available in this location.'],
      ] as const)
        sandbox.faults.add({
          route: 'notebooks*instances.list',
          pathIncludes,
          fault: { kind: 'status', status, message },
        });
      await world.alert(alert(0.9));
      assert.equal(changesIn(sandbox)['instances.stop nb-1:stop'], 1);
      assert.deepEqual(rungIn(world, 'stop-notebooks'), { status: 'claimed', complete: false });
      const { incomplete } = lastReceipt(sandbox, BUCKET, SWITCH);
      assert.ok(incomplete.length > 0 && incomplete.every(({ where }) => where.includes('europe-west4')));
      sandbox.faults.clear();
      await world.alert(alert(0.9));
      assert.equal(rungIn(world, 'stop-notebooks').status, 'done');
    }));
});
