import assert from 'node:assert/strict';
import { describe, expect, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Receipt } from '../../../shared/run/receipt.ts';
import type { Scenario } from '../../sandbox/scenario.ts';
import { beforeCall } from '../../support/hooks.ts';
import { subscribeToReceipts, type World } from '../../support/installed.ts';
import { withFunctionHere } from '../../support/instance-here.ts';
import {
  BUCKET, busy, idle, idleGpu, LAB, labPolicy, labScenario, notebookName, type NotebookInput,
} from '../../support/lab.ts'; // prettier-ignore
import {
  carriedOut, countsOf, decisionOn, lastReceipt, memoryIn, messagesOf, notebook, outcomesOf, receiptsIn, statesOf,
} from '../../support/observe.ts'; // prettier-ignore

const MINUTE_MS = 60_000;

function withNotebooks(
  notebooks: readonly NotebookInput[],
  lines: readonly string[],
  test: (world: World) => Promise<void>,
  project: Parameters<typeof labScenario>[1] = {},
): Promise<void> {
  return withSweep(
    { scenario: labScenario(notebooks, project), policy: labPolicy({ notebooks: lines }) },
    test,
  );
}

function withSweep(
  options: { readonly scenario: Scenario; readonly policy: string },
  test: (world: World) => Promise<void>,
): Promise<void> {
  return withFunctionHere(
    { ...options, handle: (runtime, event) => runTick(runtime, notebookSweep, event) },
    test,
  );
}

/** Lets time pass, then ticks; gives what the run decided beside keeping, and what it kept by reason. */
async function tickAfter(world: World, minutes: number): Promise<Receipt> {
  await world.sandbox.clock.advance(minutes * MINUTE_MS);
  await world.fn.tick();
  return lastReceipt(world.sandbox, BUCKET);
}

describe('warnBefore', () => {
  it('warns, keeps meanwhile, and stops when it stayed idle', () =>
    withNotebooks([idle('idle-1')], ['warnBefore: 30m'], async (world) => {
      const { sandbox } = world;
      const published = subscribeToReceipts(sandbox);
      const first = await tickAfter(world, 0);
      assert.deepEqual(outcomesOf(first), { 'idle-1': ['warn done: idle'] });
      assert.equal(first.decisions[0]?.evidence['stopsAt'], '2026-11-18T22:10:00.000Z');
      assert.deepEqual(memoryIn(sandbox, BUCKET, LAB), {
        'idle-1': { warnedAtMs: Date.parse('2026-11-18T21:40:00Z') },
      });
      assert.match(messagesOf(world.fn.lines, 'WARNING')[0] ?? '', /^warn \(done\) .*idle-1: idle/);
      assert.ok(published()[0]?.includes('"action":"warn"'));

      const second = await tickAfter(world, 29);
      assert.deepEqual(second.kept, { warned: 1 });
      assert.deepEqual(carriedOut(sandbox, 'stop'), {});

      const third = await tickAfter(world, 1);
      assert.deepEqual(outcomesOf(third), { 'idle-1': ['stop done: idle'] });
      assert.equal(third.decisions[0]?.evidence['warnedAt'], '2026-11-18T21:40:00.000Z');
      await tickAfter(world, 5);
      assert.deepEqual(Object.keys(memoryIn(sandbox, BUCKET, LAB)['idle-1'] ?? {}), ['stop']);
    }));

  it('forgets the warning when there was activity in between, and warns anew later', () => {
    const load = { cpu: { shape: 'spike', at: '10m', minutes: 2, value: 0.9 } } as const;
    return withNotebooks([idle('back-1', { load })], ['warnBefore: 30m'], async (world) => {
      await tickAfter(world, 0);
      // The first tick after the activity comes long after it: the whole time since the warning counts.
      const second = await tickAfter(world, 90);
      assert.deepEqual(second.kept, { active: 1 });
      assert.deepEqual(memoryIn(world.sandbox, BUCKET, LAB), {});
      const third = await tickAfter(world, 60);
      assert.deepEqual(outcomesOf(third), { 'back-1': ['warn done: idle'] });
      assert.deepEqual(carriedOut(world.sandbox, 'stop'), {});
    });
  });

  it('stops at once when the second tick comes hours later and it stayed idle', () =>
    withNotebooks([idle('idle-1')], ['warnBefore: 30m'], async (world) => {
      await tickAfter(world, 0);
      assert.deepEqual(outcomesOf(await tickAfter(world, 8 * 60)), { 'idle-1': ['stop done: idle'] });
    }));
});

describe('hours', () => {
  const HOURS =
    'hours: {timezone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "08:00", to: "20:00", start: true}';
  // 21:40 UTC is 22:40 in Berlin; work begins there at 07:00 UTC, 560 minutes later.
  const TO_MORNING = 570;

  it('outside them stops what is not busy now, and starts it again inside them', () => {
    const load = { cpu: { shape: 'spike', at: '-40m', minutes: 2, value: 0.9 } } as const;
    return withNotebooks([idle('evening-1', { load }), busy('night-1')], [HOURS], async (world) => {
      const { sandbox } = world;
      const first = await tickAfter(world, 0);
      assert.deepEqual(outcomesOf(first), { 'evening-1': ['stop done: outside-hours'] });
      assert.deepEqual(first.kept, { active: 1 });

      assert.deepEqual((await tickAfter(world, 60)).kept, { stopped: 1, active: 1 });
      assert.deepEqual(carriedOut(sandbox, 'start'), {});

      const morning = await tickAfter(world, TO_MORNING - 60);
      assert.deepEqual(outcomesOf(morning), { 'evening-1': ['start done: working-hours'] });
      assert.equal(decisionOn(morning, 'evening-1').evidence['opensAt'], '2026-11-19T07:00:00.000Z');

      // It runs, and is young; once the receipt was read that says so, the memory of both has done its work.
      assert.deepEqual((await tickAfter(world, 10)).kept, { young: 1, active: 1 });
      assert.deepEqual((await tickAfter(world, 10)).kept, { young: 1, active: 1 });
      assert.equal(statesOf(sandbox)['evening-1'], 'ACTIVE');
      assert.deepEqual(memoryIn(sandbox, BUCKET, LAB), {});
      assert.deepEqual(carriedOut(sandbox, 'start'), { 'evening-1': 1 });
    });
  });

  it("respects a user's stop: what costguard did not stop stays stopped", () =>
    withNotebooks([idle('idle-1')], [HOURS], async (world) => {
      const { sandbox } = world;
      sandbox.fleet.stopNotebook(notebookName('idle-1'));
      await tickAfter(world, 5);
      assert.deepEqual((await tickAfter(world, TO_MORNING)).kept, { stopped: 1 });
      assert.deepEqual(carriedOut(sandbox, 'start'), {});
    }));

  it("respects a user's start in the night and stop after it", () =>
    withNotebooks([idle('idle-1')], [HOURS], async (world) => {
      const { sandbox } = world;
      await tickAfter(world, 0);
      await sandbox.clock.advance(20 * MINUTE_MS);
      sandbox.fleet.startNotebook(notebookName('idle-1'));
      await sandbox.clock.advance(5 * MINUTE_MS);
      sandbox.fleet.stopNotebook(notebookName('idle-1'));
      await sandbox.clock.advance(5 * MINUTE_MS);
      assert.deepEqual((await tickAfter(world, TO_MORNING)).kept, { stopped: 1 });
      assert.deepEqual(carriedOut(sandbox, 'start'), { 'idle-1': 1 });
    }));

  it('does not start what was stopped because it was idle, on the next morning or any other', () => {
    // Tuesday 15:00 in Berlin.
    const inHours = { clock: '2026-11-17T14:00:00Z' };
    return withNotebooks(
      [idle('abandoned-1')],
      [HOURS],
      async (world) => {
        assert.deepEqual(outcomesOf(await tickAfter(world, 0)), { 'abandoned-1': ['stop done: idle'] });
        // Wednesday and Thursday, 08:05.
        for (const minutes of [17 * 60 + 5, 24 * 60]) {
          const receipt = await tickAfter(world, minutes);
          assert.deepEqual(outcomesOf(receipt), {});
          assert.match(
            String(decisionOn(receipt, 'abandoned-1').evidence['why']),
            /idle, not because of the hours/,
          );
        }
        assert.deepEqual(carriedOut(world.sandbox, 'start'), {});
      },
      inHours,
    );
  });

  it('says did-not-start where there is no capacity, tries again at the next tick, and six times at most', () =>
    withNotebooks([idle('scarce-1', { stockout: true })], [HOURS], async (world) => {
      await tickAfter(world, 0);
      const first = await tickAfter(world, TO_MORNING);
      assert.deepEqual(outcomesOf(first), { 'scarce-1': ['start done: working-hours'] });
      for (let attempt = 1; attempt < 6; attempt++) {
        const receipt = await tickAfter(world, 10);
        assert.deepEqual(outcomesOf(receipt), {
          'scarce-1': ['report done: did-not-start', 'start done: working-hours'],
        });
        assert.equal(decisionOn(receipt, 'scarce-1', 'report').evidence['attempts'], attempt);
      }
      const last = await tickAfter(world, 10);
      assert.deepEqual(outcomesOf(last), { 'scarce-1': ['report done: did-not-start'] });
      assert.match(
        String(decisionOn(last, 'scarce-1', 'report').evidence['next']),
        /^not tried again before/,
      );
      assert.deepEqual(carriedOut(world.sandbox, 'start'), { 'scarce-1': 6 });
      // The next morning they count anew.
      assert.deepEqual(outcomesOf(await tickAfter(world, 24 * 60)), {
        'scarce-1': ['start done: working-hours'],
      });
    }));

  it('goes on counting starts where one of them is refused, or a user has changed the notebook before it', () =>
    withNotebooks([idle('scarce-1', { stockout: true })], [HOURS], async (world) => {
      const { sandbox } = world;
      await tickAfter(world, 0);
      await tickAfter(world, TO_MORNING);
      beforeCall(sandbox, { route: 'notebooks.projects.locations.instances.get' }, () => {
        notebook(sandbox, 'scarce-1').labels['team'] = 'vision';
      });
      assert.deepEqual(outcomesOf(await tickAfter(world, 10)), {
        'scarce-1': ['keep already: changed-since', 'report done: did-not-start'],
      });
      await tickAfter(world, 10);
      await tickAfter(world, 10);
      const route = 'notebooks.projects.locations.instances.start';
      sandbox.faults.add({ route, count: 1, fault: { kind: 'status', status: 403 } });
      assert.deepEqual(outcomesOf(await tickAfter(world, 10)), {
        'scarce-1': ['report done: did-not-start', 'start failed: working-hours'],
      });
      for (let ticks = 0; ticks < 7; ticks++) await tickAfter(world, 10);
      const last = decisionOn(await tickAfter(world, 10), 'scarce-1', 'report');
      assert.equal(last.evidence['attempts'], 6);
      assert.deepEqual(carriedOut(sandbox, 'start'), { 'scarce-1': 6 });
    }));

  it('starts each notebook once when several ticks come at the opening', () =>
    withNotebooks([idle('idle-1'), idle('idle-2')], [HOURS], async (world) => {
      const { sandbox } = world;
      await tickAfter(world, 0);
      await sandbox.clock.advance(TO_MORNING * MINUTE_MS);
      sandbox.pubsub.disturb({ duplicates: 4 });
      await world.fn.tick();
      assert.deepEqual(carriedOut(sandbox, 'start'), { 'idle-1': 1, 'idle-2': 1 });
      assert.equal(sandbox.callLog.calls('notebooks.projects.locations.instances.start').length, 2);
    }));

  const off = (id: string): NotebookInput =>
    idle(id, { state: 'STOPPED', lastStop: '-1d', metadata: { 'idle-timeout-seconds': '' } });

  it('start, beside repairs, at most maxActions a run; the rest is named in receipt and log, and comes next', () =>
    withNotebooks(
      [idle('idle-1'), idle('idle-2'), off('off-1'), off('off-2')],
      [HOURS, 'nativeIdleShutdown: repair', 'maxActions: 3'],
      async (world) => {
        const { sandbox } = world;
        await tickAfter(world, 0);
        for (const id of ['off-1', 'off-2'])
          sandbox.fleet.patchNotebook(notebookName(id), { metadata: { 'idle-timeout-seconds': '' } });
        const morning = await tickAfter(world, TO_MORNING);
        assert.deepEqual(outcomesOf(morning), {
          'idle-1': ['start done: working-hours'],
          'idle-2': ['start done: working-hours'],
          'off-1': ['repair done: native-idle-shutdown-off'],
          'off-2': ['report done: over-max-actions'],
        });
        assert.equal(
          messagesOf(world.fn.lines, 'WARNING').filter((line) => /off-2: over-max-actions/.test(line)).length,
          1,
        );
        assert.deepEqual(outcomesOf(await tickAfter(world, 10)), {
          'off-2': ['repair done: native-idle-shutdown-off'],
        });
      },
    ));
});

describe('maxStops', () => {
  it('stops the most expensive first and reports the rest', () =>
    withNotebooks(
      [
        idle('cpu-small', { machineType: 'n1-standard-4' }),
        idle('cpu-large', { machineType: 'n1-standard-16' }),
        idleGpu('gpu-t4'),
        idleGpu('gpu-a100', { machineType: 'a2-highgpu-1g', accelerators: [], acceleratorConfigs: [] }),
        // A GPU machine in a region without prices may be the most expensive of all.
        idleGpu('gpu-unpriced', { zone: 'us-central2-b' }),
        idle('cpu-unpriced', { zone: 'us-central2-b' }),
      ],
      ['maxStops: 3'],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(outcomesOf(receipt), {
          'gpu-unpriced': ['stop done: idle'],
          'gpu-a100': ['stop done: idle'],
          'cpu-large': ['stop done: idle'],
          'gpu-t4': ['report done: over-max-stops'],
          'cpu-small': ['report done: over-max-stops'],
          'cpu-unpriced': ['report done: over-max-stops'],
        });
        assert.deepEqual(carriedOut(world.sandbox, 'stop'), {
          'gpu-unpriced': 1,
          'gpu-a100': 1,
          'cpu-large': 1,
        });
        assert.equal(receipt.savings.unpriced, 1);
        assert.ok(Math.abs(receipt.savings.usdPerHour - (3.673385 + 0.759996)) < 1e-9);
        // The next tick takes the next three.
        assert.deepEqual(Object.keys(outcomesOf(await tickAfter(world, 5))).sort(), [
          'cpu-small',
          'cpu-unpriced',
          'gpu-t4',
        ]);
      },
    ));
});

describe('nativeIdleShutdown', () => {
  const metadata = {
    'idle-timeout-seconds': '',
    'enable-guest-attributes': 'TRUE',
    'startup-script': '#!/bin/bash\necho "hello"\n',
    'proxy-mode': 'service_account',
    'a-users-key': 'ünï ✓',
  };
  const off = (id: string, more: Partial<NotebookInput> = {}): NotebookInput =>
    idle(id, { state: 'STOPPED', lastStop: '-1d', metadata, ...more });

  it('repair turns it on and leaves every other key as it was', () =>
    withNotebooks([off('off-1')], ['nativeIdleShutdown: repair'], async (world) => {
      const receipt = await tickAfter(world, 0);
      assert.deepEqual(outcomesOf(receipt), { 'off-1': ['repair done: native-idle-shutdown-off'] });
      assert.deepEqual(notebook(world.sandbox, 'off-1').metadata, {
        ...metadata,
        'idle-timeout-seconds': '10800',
      });
      const [patch] = world.sandbox.callLog.calls('notebooks.projects.locations.instances.patch');
      assert.equal(new URLSearchParams(patch?.query).get('updateMask'), 'gce_setup.metadata');
      assert.deepEqual(outcomesOf(await tickAfter(world, 5)), {});
    }));

  it('repair leaves guest attributes alone, and says what it could not fix', () => {
    const closed = { 'enable-guest-attributes': 'FALSE' };
    return withNotebooks(
      [off('closed-1', { metadata: closed })],
      ['nativeIdleShutdown: repair'],
      async (world) => {
        assert.deepEqual(outcomesOf(await tickAfter(world, 0)), {
          'closed-1': ['report done: native-idle-shutdown-cannot-fire'],
        });
        assert.deepEqual(notebook(world.sandbox, 'closed-1').metadata, closed);
      },
    );
  });

  it('repair takes what a user set right before the write', () =>
    withNotebooks([off('off-1')], ['nativeIdleShutdown: repair'], async (world) => {
      const { sandbox, fn } = world;
      const mine = { ...metadata, 'idle-timeout-seconds': '3600' };
      beforeCall(sandbox, { route: 'notebooks.projects.locations.instances.get' }, () => {
        sandbox.fleet.patchNotebook(notebookName('off-1'), { metadata: mine });
      });
      await fn.tick();
      assert.deepEqual(notebook(sandbox, 'off-1').metadata, mine);
      assert.deepEqual(outcomesOf(lastReceipt(sandbox, BUCKET)), {
        'off-1': ['repair already: native-idle-shutdown-off'],
      });
    }));

  it('report says it and changes nothing', () =>
    withNotebooks([off('off-1')], [], async (world) => {
      const receipt = await tickAfter(world, 0);
      assert.deepEqual(outcomesOf(receipt), { 'off-1': ['report done: native-idle-shutdown-off'] });
      assert.deepEqual(notebook(world.sandbox, 'off-1').metadata, metadata);
    }));

  it('is only reported for what Terraform manages, when the policy says so', () => {
    const labels = { 'goog-terraform-provisioned': 'true' };
    return withNotebooks(
      [off('terraform-1', { labels }), off('by-hand'), idle('terraform-2', { labels })],
      ['nativeIdleShutdown: repair', 'terraformManaged: report'],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(outcomesOf(receipt), {
          'terraform-1': ['report done: native-idle-shutdown-off'],
          'by-hand': ['repair done: native-idle-shutdown-off'],
          'terraform-2': ['stop done: idle'],
        });
        assert.match(
          String(decisionOn(receipt, 'terraform-1', 'report').evidence['notRepaired']),
          /^Terraform manages this instance/,
        );
        assert.deepEqual(notebook(world.sandbox, 'terraform-1').metadata, metadata);
      },
    );
  });
});

describe('keepLabel', () => {
  it('keeps while the date lasts, stops after it, and says what it could not read', () =>
    withNotebooks(
      [
        idle('today', { labels: { 'costguard-keep': '2026-11-18' } }),
        idle('long-ago', { labels: { 'costguard-keep': '2026-11-16' } }),
        idle('for-ever', { labels: { 'costguard-keep': 'true' } }),
        idle('unreadable', { labels: { 'costguard-keep': 'next-friday' } }),
      ],
      [],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(outcomesOf(receipt), { 'long-ago': ['stop done: idle'] });
        assert.deepEqual(receipt.kept, { kept: 3 });
        assert.match(String(decisionOn(receipt, 'unreadable').evidence['keepLabel']), /^unreadable value/);
        // Two days later it is over everywhere on earth.
        assert.deepEqual(outcomesOf(await tickAfter(world, 2 * 24 * 60)), { today: ['stop done: idle'] });
      },
    ));

  it('may have another name', () =>
    withNotebooks(
      [
        idle('idle-1', { labels: { hold: 'true' } }),
        idle('idle-2', { labels: { 'costguard-keep': 'true' } }),
      ],
      ['keepLabel: hold'],
      async (world) => {
        await tickAfter(world, 0);
        assert.deepEqual(carriedOut(world.sandbox, 'stop'), { 'idle-2': 1 });
      },
    ));
});

describe('gpuSignalMissing', () => {
  const blind = idleGpu('blind-1', { load: {} });
  const COMMAND = /^gcloud compute ssh blind-1 .*add-google-cloud-ops-agent-repo\.sh --also-install'$/;
  const disks = (receipt: Receipt): number => receipt.seriesRead?.total ?? 0;

  it('keep keeps a GPU notebook without GPU metrics, and names the command that gives it some', () =>
    withNotebooks([blind], ['gpuSignalMissing: keep'], async (world) => {
      const receipt = await tickAfter(world, 0);
      assert.deepEqual(receipt.kept, { 'not-evaluable': 1 });
      assert.deepEqual(outcomesOf(receipt), { 'blind-1': ['report done: gpu-signal-missing'] });
      assert.match(String(decisionOn(receipt, 'blind-1', 'report').evidence['command']), COMMAND);
    }));

  it('ignore judges it by CPU and network', () =>
    withNotebooks(
      [blind, idleGpu('blind-busy', { load: { cpu: 0.4 } })],
      ['gpuSignalMissing: ignore'],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(outcomesOf(receipt), {
          'blind-1': ['report done: gpu-signal-missing', 'stop done: idle'],
          'blind-busy': ['report done: gpu-signal-missing'],
        });
        assert.deepEqual(receipt.kept, { active: 1 });
      },
    ));

  it('infer, the default, stops what rested in cores, disk and network for twice idleAfter, and says so', () => {
    const spike = (at: string, value: number) => ({ shape: 'spike', at, minutes: 2, value }) as const;
    const notebooks = [
      blind,
      idleGpu('core-1', { load: { cpu: spike('-90m', 0.3) } }),
      idleGpu('disk-1', { load: { diskRead: spike('-100m', 40_000_000) } }),
      idleGpu('net-1', { load: { networkReceived: spike('-75m', 400_000) } }),
      idleGpu('before-1', { load: { cpu: spike('-130m', 0.9) } }),
    ];
    return withNotebooks(notebooks, [], async (world) => {
      const receipt = await tickAfter(world, 0);
      assert.deepEqual(carriedOut(world.sandbox, 'stop'), { 'blind-1': 1, 'before-1': 1 });
      assert.deepEqual(receipt.kept, { active: 3 });
      const { evidence } = decisionOn(receipt, 'blind-1', 'stop');
      assert.match(
        String(evidence['inferred']),
        /^no agent reports its GPU, but cores, disk and network rested/,
      );
      assert.match(
        String(decisionOn(receipt, 'disk-1', 'keep').evidence['why']),
        /^disk reached 38\.\d MiB\/s \(idle is below 1 MiB\/s\) since 2026-11-18T19:40:00\.000Z, and no agent/,
      );
    });
  });

  it('reads disks and a longer past of none but resting notebooks whose GPU nothing tells of', () => {
    const others = [
      idle('cpu-1'),
      busy('busy-1'),
      idleGpu('agent-1'),
      idleGpu('blind-busy', { load: { cpu: 0.4 } }),
    ];
    return withNotebooks(others, [], async (world) => {
      const without = disks(await tickAfter(world, 0));
      assert.equal(
        world.sandbox.callLog
          .calls('monitoring.projects.timeSeries.list')
          .filter(({ query }) => query.includes('instance%2Fdisk%2F')).length,
        0,
      );
      // CPU and network of four, and the one GPU that reports.
      assert.equal(without, 4 * 6 + 2);
    });
  });

  it('takes the legacy metric of older images for a GPU signal', () =>
    withNotebooks(
      [
        idleGpu('legacy-idle', { load: { legacyGpus: 0 } }),
        idleGpu('legacy-busy', { load: { legacyGpus: 97 } }),
      ],
      ['gpuSignalMissing: keep'],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(outcomesOf(receipt), { 'legacy-idle': ['stop done: idle'] });
        assert.match(
          String(decisionOn(receipt, 'legacy-busy').evidence['why']),
          /^GPU reached 97 % \(idle is below 5 %\)$/,
        );
      },
    ));

  it('takes 0 % of a GPU in MIG mode for no signal', () =>
    withNotebooks(
      [
        idleGpu('mig-model', { load: { gpus: 0, gpuModel: 'NVIDIA A100-SXM4-40GB MIG 1g.5gb' } }),
        idleGpu('mig-script', { metadata: { 'startup-script': '#!/bin/sh\nnvidia-smi -i 0 -mig 1\n' } }),
        idleGpu('whole'),
      ],
      ['gpuSignalMissing: keep'],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(carriedOut(world.sandbox, 'stop'), { whole: 1 });
        assert.deepEqual(receipt.kept, { 'not-evaluable': 2 });
      },
    ));
});

describe('keepWhileJobsRun', () => {
  const spec = {
    workerPoolSpecs: [
      {
        machineSpec: { machineType: 'n1-standard-4' },
        containerSpec: { imageUri: 'us-docker.pkg.dev/p/r/train' },
      },
    ],
  };
  const running = { id: '1', displayName: 'train-v7', created: '-5h', jobSpec: spec };
  const vertex = (customJobs: readonly object[]) => ({ project: { vertex: { customJobs } } }) as never;

  it('keeps a notebook whose kernel may wait for a job, with its name', () =>
    withNotebooks(
      [idle('waits-1'), idle('later-1', { lastStart: '-4h' })],
      [],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(outcomesOf(receipt), { 'later-1': ['stop done: idle'] });
        assert.deepEqual(receipt.kept, { 'waits-for': 1 });
        assert.equal(decisionOn(receipt, 'waits-1').evidence['job'], '"train-v7"');
      },
      vertex([running]),
    ));

  it('keeps only the notebooks whose account or owner started a job, as the audit log has it', () =>
    withNotebooks(
      [
        idle('own-1', { serviceAccount: 'own@ml-lab.iam.gserviceaccount.com' }),
        idle('owner-1', { serviceAccount: 'b@ml-lab.iam.gserviceaccount.com', creator: 'ada@example.com' }),
        idle('other-1', { serviceAccount: 'c@ml-lab.iam.gserviceaccount.com', creator: 'bob@example.com' }),
      ],
      [],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(outcomesOf(receipt), { 'other-1': ['stop done: idle'] });
        assert.deepEqual(receipt.kept, { 'waits-for': 2 });
        assert.equal(
          decisionOn(receipt, 'own-1').evidence['startedBy'],
          'own@ml-lab.iam.gserviceaccount.com',
        );
        assert.equal(decisionOn(receipt, 'owner-1').evidence['job'], '"train-v8"');
        assert.equal(receipt.apiCalls['logging.entries.list'], 1);
      },
      vertex([
        { ...running, startedBy: 'own@ml-lab.iam.gserviceaccount.com' },
        { ...running, id: '2', displayName: 'train-v8', startedBy: 'ada@example.com' },
      ]),
    ));

  it('keeps all that rest, and says so, where the audit log cannot be read', () =>
    withNotebooks(
      [idle('other-1')],
      [],
      async (world) => {
        world.sandbox.faults.add({ route: 'logging.entries.list', fault: { kind: 'status', status: 403 } });
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(receipt.kept, { 'waits-for': 1 });
        assert.deepEqual(receipt.incomplete, []);
        assert.match(
          String(decisionOn(receipt, 'other-1').evidence['why']),
          /who started that cannot be told$/,
        );
      },
      vertex([{ ...running, startedBy: 'other@example.com' }]),
    ));

  it('lets go of it when the job has ended, and where the policy says so', async () => {
    const stops = async (jobs: readonly object[], lines: readonly string[]) =>
      withNotebooks(
        [idle('waits-1')],
        lines,
        async (world) => {
          assert.deepEqual(outcomesOf(await tickAfter(world, 0)), { 'waits-1': ['stop done: idle'] });
        },
        vertex(jobs),
      );
    await stops([{ ...running, state: 'JOB_STATE_SUCCEEDED' }], []);
    await stops([running], ['keepWhileJobsRun: false']);
  });

  it('stops nothing while jobs cannot be read, and requests none where nothing rests', () =>
    withNotebooks([idle('waits-1')], [], async (world) => {
      world.sandbox.faults.add({
        route: 'aiplatform*customJobs.list',
        fault: { kind: 'status', status: 403 },
      });
      const receipt = await tickAfter(world, 0);
      assert.deepEqual(receipt.kept, { 'not-evaluable': 1 });
      assert.match(receipt.incomplete[0]?.where ?? '', /^projects\/ml-lab Vertex AI customJobs in /);
      await withNotebooks([busy('busy-1')], [], async ({ sandbox, fn }) => {
        await fn.tick();
        assert.equal(sandbox.callLog.calls().filter(({ id }) => id.startsWith('aiplatform')).length, 0);
      });
    }));
});

describe('savings', () => {
  it('are what stopping saves: nothing on a reservation or flex start, the Spot price of a Spot VM', () =>
    withNotebooks(
      [
        idle('demand-1', { externalIp: '203.0.113.7' }),
        idle('reserved-1', { reservation: 'team' }),
        idle('flex-1', { scheduling: { provisioningModel: 'FLEX_START' } }),
        idle('spot-1', { scheduling: { provisioningModel: 'SPOT' } }),
      ],
      [],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        const saved = (id: string) => Number(decisionOn(receipt, id, 'stop').usdPerHour);
        const says = (id: string) => String(decisionOn(receipt, id, 'stop').evidence['says']);
        assert.ok(saved('demand-1') > 0.18);
        assert.ok(saved('spot-1') > 0 && saved('spot-1') < saved('demand-1') / 2, `${saved('spot-1')}`);
        assert.equal(saved('reserved-1'), 0);
        assert.equal(saved('flex-1'), 0);
        assert.match(says('reserved-1'), /Stopped, it still bills its specific reservation\.$/);
        assert.match(says('flex-1'), /its flex-start capacity\.$/);
        assert.match(says('demand-1'), /the address 203\.0\.113\.7, if it is reserved\.$/);
        assert.doesNotMatch(says('spot-1'), /still bills/);
        assert.ok(Math.abs(receipt.savings.usdPerHour - saved('demand-1') - saved('spot-1')) < 1e-9);
      },
    ));
});

describe('cpuBelow', () => {
  it('counts one core at work of 32 as activity by default', () =>
    withNotebooks(
      [
        idle('one-core-of-32', { machineType: 'n2-standard-32', load: { cpu: 0.0317 } }),
        idle('resting-32', { machineType: 'n2-standard-32', load: { cpu: 0.012 } }),
      ],
      [],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(outcomesOf(receipt), { 'resting-32': ['stop done: idle'] });
        const { evidence } = decisionOn(receipt, 'one-core-of-32');
        assert.equal(evidence['why'], 'CPU reached 1.01 cores (idle is below 0.5 cores)');
        assert.partialDeepStrictEqual(evidence['cpu'], { peakCores: 1.01, peakShare: 0.0317, vcpus: 32 });
      },
    ));

  it('may be a share', () =>
    withNotebooks(
      [idle('one-core-of-32', { machineType: 'n2-standard-32', load: { cpu: 0.0317 } })],
      ['cpuBelow: 0.05'],
      async (world) => {
        assert.deepEqual(outcomesOf(await tickAfter(world, 0)), { 'one-core-of-32': ['stop done: idle'] });
      },
    ));
});

describe('listing', () => {
  it('goes location by location where the wildcard is refused', () =>
    withNotebooks(
      [idle('idle-1'), idle('idle-2', { zone: 'europe-west4-a' }), busy('busy-1')],
      [],
      async (world) => {
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(carriedOut(world.sandbox, 'stop'), { 'idle-1': 1, 'idle-2': 1 });
        assert.deepEqual(receipt.incomplete, []);
        assert.equal(receipt.apiCalls['notebooks.locations.list'], 1);
      },
      { project: { refuseWildcard: true } },
    ));

  it('goes on when one location of them cannot be read', () =>
    withNotebooks(
      [idle('idle-1'), idle('idle-2', { zone: 'europe-west4-a' })],
      [],
      async (world) => {
        world.sandbox.faults.add({
          route: 'notebooks.projects.locations.instances.list',
          pathIncludes: 'europe-west4-a',
          fault: { kind: 'status', status: 403 },
        });
        const receipt = await tickAfter(world, 0);
        assert.match(
          messagesOf(world.fn.lines, 'ERROR').join('\n'),
          /will be delivered again: .*notebooks\.instances\.list.*HTTP 403/,
        );
        assert.deepEqual(carriedOut(world.sandbox, 'stop'), { 'idle-1': 1 });
        assert.deepEqual(
          receipt.incomplete.map(({ where }) => where),
          [`projects/${LAB}/locations/europe-west4-a`],
        );
      },
      { project: { refuseWildcard: true } },
    ));

  it('does not list again from the start when a later page is refused', () =>
    withNotebooks(
      Array.from({ length: 120 }, (_, index) => idle(`nb-${String(index).padStart(3, '0')}`)),
      ['maxStops: 5'],
      async (world) => {
        world.sandbox.faults.add({
          route: 'notebooks.projects.locations.instances.list',
          skip: 1,
          fault: { kind: 'status', status: 400 },
        });
        const receipt = await tickAfter(world, 0);
        assert.equal(receipt.decisions.length, 100);
        assert.equal(receipt.incomplete.length, 1);
        assert.equal(receipt.apiCalls['notebooks.locations.list'], undefined);
        assert.equal(Object.keys(carriedOut(world.sandbox, 'stop')).length, 5);
      },
    ));

  it('reads 250 notebooks in three pages, and the signals of all at once where no VM is anything else', () =>
    withNotebooks(
      Array.from({ length: 250 }, (_, index) =>
        index === 157 ? idleGpu(`nb-${index}`) : index % 50 === 7 ? idle(`nb-${index}`) : busy(`nb-${index}`),
      ),
      ['keepWhileJobsRun: false'],
      async (world) => {
        const { sandbox } = world;
        const receipt = await tickAfter(world, 0);
        assert.deepEqual(receipt.kept, { active: 245 });
        assert.deepEqual(Object.keys(carriedOut(sandbox, 'stop')).sort(), [
          'nb-107', 'nb-157', 'nb-207', 'nb-57', 'nb-7',
        ]); // prettier-ignore
        const {
          'storage.objects.get': reads = 0,
          'storage.objects.insert': writes = 0,
          ...calls
        } = receipt.apiCalls;
        // Claims and settlement, and a note before the stops leave: as many writes as they come in, one for all to one for each.
        expect(writes).toBeGreaterThanOrEqual(3);
        expect(writes).toBeLessThanOrEqual(2 + 5);
        expect(reads).toBe(writes + 1);
        assert.deepEqual(calls, {
          'compute.disks.aggregatedList': 1,
          'compute.instances.aggregatedList': 1,
          'notebooks.instances.list': 3,
          // Six about every VM, and two about the one GPU.
          'monitoring.timeSeries.list': 8,
          'notebooks.instances.get': 5,
          'compute.instances.get': 5,
          'notebooks.instances.stop': 5,
        });
        assert.deepEqual(countsOf(sandbox.callLog.calls('monitoring.*')), {
          'monitoring.timeSeries.list': 8,
        });
        assert.equal(receipt.seriesRead?.total, 250 * 6 + 2);
      },
    ));
});

describe('scope', () => {
  const organization = { id: '900', displayName: 'example.com' };
  const folders = [
    { id: '1', displayName: 'research', parent: 'organizations/900' },
    { id: '2', displayName: 'vision', parent: 'folders/1' },
    { id: '3', displayName: 'elsewhere', parent: 'organizations/900' },
  ];
  const nested = labScenario([idle('idle-1')], {
    organization,
    folders,
    project: { parent: 'folders/1' },
    others: [
      { id: 'ml-deep', number: '100000000003', parent: 'folders/2', notebooks: [idle('idle-deep')] },
      {
        id: 'ml-elsewhere',
        number: '100000000004',
        parent: 'folders/3',
        notebooks: [idle('idle-elsewhere')],
      },
      {
        id: 'ml-going',
        number: '100000000005',
        parent: 'folders/2',
        state: 'DELETE_REQUESTED',
        notebooks: [idle('idle-going')],
      },
    ],
  });

  it('of a single project is swept at once, without a message per project', () =>
    withNotebooks([idle('idle-1')], [], async ({ sandbox, fn }) => {
      await fn.tick();
      assert.equal(sandbox.pubsub.deliveries.length, 1);
      assert.deepEqual(sandbox.callLog.calls('cloudresourcemanager.*'), []);
      assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1 });
    }));

  it('of a folder takes in the folders below it, and nothing beside it', () =>
    withSweep({ scenario: nested, policy: labPolicy({ scope: ['folders/1'] }) }, async ({ sandbox, fn }) => {
      await fn.tick();
      assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1, 'idle-deep': 1 });
      assert.deepEqual(
        receiptsIn(sandbox, BUCKET)
          .flatMap(({ projects }) => projects)
          .sort(),
        ['ml-deep', LAB],
      );
      await fn.tick({ project: 'ml-elsewhere' });
      assert.match(messagesOf(fn.lines, 'ERROR').join(), /"ml-elsewhere": it is outside the policy's scope/);
      assert.equal(statesOf(sandbox)['idle-elsewhere'], 'ACTIVE');
    }));

  it('that names a project twice, by itself and by its folder, sweeps it once', () =>
    withSweep(
      { scenario: nested, policy: labPolicy({ scope: ['folders/1', `projects/${LAB}`] }) },
      async ({ sandbox, fn }) => {
        await fn.tick();
        assert.equal(receiptsIn(sandbox, BUCKET).length, 2);
      },
    ));

  it('of a folder that shows no project is an error, not an empty success', () =>
    withSweep({ scenario: nested, policy: labPolicy({ scope: ['folders/7'] }) }, async ({ sandbox, fn }) => {
      await fn.tick();
      assert.deepEqual(messagesOf(fn.lines, 'ERROR'), [
        'Cannot list the projects of "folders/7": none is visible; grant resourcemanager.projects.get and resourcemanager.folders.get on it',
      ]);
      assert.deepEqual(sandbox.pubsub.pending(), []);
    }));
});

describe('a stop', () => {
  it('that has no effect is reported after 15 minutes', () =>
    withNotebooks([idle('stuck-1', { neverStops: true }), idle('idle-1')], [], async (world) => {
      await tickAfter(world, 0);
      assert.deepEqual((await tickAfter(world, 14)).kept, { transitional: 1, stopped: 1 });
      const late = await tickAfter(world, 1);
      assert.deepEqual(outcomesOf(late), { 'stuck-1': ['report done: did-not-stop'] });
      assert.partialDeepStrictEqual(decisionOn(late, 'stuck-1', 'report').evidence, {
        requestedAt: '2026-11-18T21:40:00.000Z',
        state: 'STOPPING',
      });
      assert.match(messagesOf(world.fn.lines, 'WARNING').join('\n'), /stuck-1: did-not-stop/);
      assert.deepEqual(carriedOut(world.sandbox, 'stop'), { 'stuck-1': 1, 'idle-1': 1 });
    }));

  const CHANGES: Readonly<Record<string, { act: (world: World) => void; changed: RegExp }>> = {
    'was relabelled to be kept': {
      act: ({ sandbox }) =>
        void sandbox.fleet.patchNotebook(notebookName('idle-1'), { labels: { 'costguard-keep': 'true' } }),
      changed: /^its label costguard-keep says true$/,
    },
    'was relabelled': {
      act: ({ sandbox }) =>
        void sandbox.fleet.patchNotebook(notebookName('idle-1'), { labels: { owner: 'me' } }),
      changed: /^its label owner was changed$/,
    },
    'was updated': {
      act: ({ sandbox }) =>
        void sandbox.fleet.patchNotebook(notebookName('idle-1'), { metadata: { note: 'mine' } }),
      changed: /^its metadata note was changed$/,
    },
    'was started': {
      act: ({ sandbox }) => void (notebook(sandbox, 'idle-1').vm.lastStartMs = sandbox.clock.now()),
      changed: /^its VM was started at 2026-11-18T21:40:00\.000Z$/,
    },
    'is being upgraded': {
      act: ({ sandbox }) => void (notebook(sandbox, 'idle-1').state = 'UPGRADING'),
      changed: /^its state is UPGRADING$/,
    },
  };
  for (const [name, { act, changed }] of Object.entries(CHANGES))
    it(`does not come to a notebook that ${name} since it was listed`, () =>
      withNotebooks([idle('idle-1'), idle('idle-2')], [], async (world) => {
        const { sandbox, fn } = world;
        const path = '/instances/idle-1';
        beforeCall(
          sandbox,
          { route: 'notebooks.projects.locations.instances.get', pathIncludes: path },
          () => {
            act(world);
          },
        );
        await fn.tick();
        assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-2': 1 });
        const receipt = lastReceipt(sandbox, BUCKET);
        assert.deepEqual(outcomesOf(receipt), {
          'idle-1': ['keep already: changed-since'],
          'idle-2': ['stop done: idle'],
        });
        assert.match(String(decisionOn(receipt, 'idle-1').evidence['changed']), changed);
        assert.deepEqual(Object.keys(memoryIn(sandbox, BUCKET, LAB)), ['idle-2']);
        assert.ok(Math.abs(receipt.savings.usdPerHour - 0.189999) < 1e-9);
      }));

  it('comes to a notebook whose agent reported its health in between', () =>
    withNotebooks([idle('idle-1')], [], async ({ sandbox, fn }) => {
      const updated: (number | undefined)[] = [];
      const report = () => sandbox.fleet.healthReportOf(notebook(sandbox, 'idle-1'))?.writtenMs;
      beforeCall(sandbox, { route: 'notebooks.projects.locations.instances.get' }, () => {
        updated.push(report());
        void sandbox.clock.advance(31_000);
        updated.push(report());
      });
      await fn.tick();
      assert.equal(new Set(updated).size, 2);
      assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1 });
    }));

  it('that another user requested meanwhile counts as already', () =>
    withNotebooks([idle('idle-1')], [], async ({ sandbox, fn }) => {
      beforeCall(sandbox, { route: 'notebooks.projects.locations.instances.get' }, () => {
        sandbox.fleet.stopNotebook(notebookName('idle-1'));
      });
      await fn.tick();
      const receipt = lastReceipt(sandbox, BUCKET);
      assert.deepEqual(outcomesOf(receipt), { 'idle-1': ['stop already: idle'] });
      assert.deepEqual(receipt.savings, { usdPerHour: 0, unpriced: 0 });
      assert.equal(sandbox.callLog.calls('notebooks.projects.locations.instances.stop').length, 0);
      assert.deepEqual(memoryIn(sandbox, BUCKET, LAB), {});
    }));
});
