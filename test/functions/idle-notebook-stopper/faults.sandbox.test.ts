import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Fault } from '../../sandbox/http/faults.ts';
import { withFunctionInProcess, type InProcess } from '../../support/in-process.ts';
import {
  BUCKET,
  busy,
  idleGpu,
  labPolicy,
  labScenario,
  NAME,
  type NotebookInput,
} from '../../support/lab.ts';
import { carriedOut, messagesOf, notebook, outcomesOf, receiptsIn, statesOf } from '../../support/observe.ts';

const ORGANIZATION = { id: '900', displayName: 'example.com' };
const NOTEBOOKS: readonly NotebookInput[] = [
  idleGpu('idle-1', { metadata: { 'idle-timeout-seconds': '600' } }),
  busy('busy-1'),
];
const REPAIR: readonly NotebookInput[] = [
  ...NOTEBOOKS,
  busy('off-1', { state: 'STOPPED', lastStop: '-1d', metadata: { 'idle-timeout-seconds': '' } }),
];

/** How a world is made so that the call takes place. */
interface Setting {
  readonly notebooks?: readonly NotebookInput[];
  readonly scope?: readonly string[];
  readonly lines?: readonly string[];
  readonly refuseWildcard?: boolean;
  readonly folder?: boolean;
  readonly text?: string;
}

interface Target extends Setting {
  readonly route: string;
  /** Whether the idle notebook stops although this call is refused for good, by status. */
  readonly stopsWhen: Readonly<Record<403 | 404, boolean>>;
  /** What a refusal for good leads to. */
  readonly saidBy: Readonly<Record<403 | 404, 'incomplete' | 'failures' | 'error-line' | 'nothing'>>;
  /** What was refused has failed, and its event is delivered again: an action, the receipt, or what should be readable. */
  readonly refusalFails?: true;
  /** So does a 404: the topic can be made again. */
  readonly missingFails?: true;
  /** How a failure by a 404 is told where it is not as that status. */
  readonly missingSays?: RegExp;
}

const ONE_PROJECT = { scope: ['projects/ml-lab'] };
const IN_FOLDER = { folder: true, scope: ['folders/1'], text: '{"project": "ml-lab"}' };
const never = { 403: false, 404: false } as const;
const always = { 403: true, 404: true } as const;

const TARGETS: readonly Target[] = [
  {
    route: 'notebooks.projects.locations.instances.list',
    ...ONE_PROJECT,
    stopsWhen: never,
    saidBy: { 403: 'incomplete', 404: 'incomplete' },
    refusalFails: true,
  },
  {
    route: 'notebooks.projects.locations.list',
    ...ONE_PROJECT,
    refuseWildcard: true,
    stopsWhen: never,
    saidBy: { 403: 'incomplete', 404: 'incomplete' },
    refusalFails: true,
  },
  {
    route: 'notebooks.projects.locations.instances.get',
    ...ONE_PROJECT,
    stopsWhen: never,
    // A 404 says that it is gone: nothing to stop.
    saidBy: { 403: 'failures', 404: 'nothing' },
    refusalFails: true,
  },
  {
    route: 'notebooks.projects.locations.instances.stop',
    ...ONE_PROJECT,
    stopsWhen: never,
    saidBy: { 403: 'failures', 404: 'failures' },
    refusalFails: true,
  },
  {
    route: 'notebooks.projects.locations.instances.patch',
    ...ONE_PROJECT,
    notebooks: REPAIR,
    lines: ['nativeIdleShutdown: repair'],
    stopsWhen: always,
    saidBy: { 403: 'failures', 404: 'failures' },
    refusalFails: true,
  },
  {
    route: 'compute.disks.aggregatedList',
    ...ONE_PROJECT,
    stopsWhen: always,
    saidBy: { 403: 'incomplete', 404: 'incomplete' },
    refusalFails: true,
  },
  {
    route: 'compute.instances.aggregatedList',
    ...ONE_PROJECT,
    stopsWhen: never,
    saidBy: { 403: 'incomplete', 404: 'incomplete' },
    refusalFails: true,
  },
  {
    route: 'monitoring.projects.timeSeries.list',
    ...ONE_PROJECT,
    stopsWhen: never,
    // A 404 says that nothing ever wrote the metric: no data, and so kept.
    saidBy: { 403: 'incomplete', 404: 'nothing' },
    refusalFails: true,
  },
  {
    route: 'storage.objects.*',
    ...ONE_PROJECT,
    stopsWhen: never,
    saidBy: { 403: 'error-line', 404: 'error-line' },
    refusalFails: true,
    missingFails: true,
  },
  {
    route: 'storage.objects.get',
    ...ONE_PROJECT,
    // A 404 says that there is no memory yet. Of a memory that was just written it is no answer: nothing leaves by it.
    stopsWhen: never,
    saidBy: { 403: 'incomplete', 404: 'failures' },
    refusalFails: true,
    missingFails: true,
    missingSays: /another run has claimed it meanwhile/,
  },
  {
    route: 'storage.objects.insert',
    ...ONE_PROJECT,
    stopsWhen: never,
    saidBy: { 403: 'error-line', 404: 'error-line' },
    refusalFails: true,
    missingFails: true,
  },
  {
    route: 'pubsub.projects.topics.publish',
    ...ONE_PROJECT,
    stopsWhen: always,
    saidBy: { 403: 'error-line', 404: 'error-line' },
    refusalFails: true,
    missingFails: true,
  },
  {
    route: 'cloudresourcemanager.projects.get',
    ...IN_FOLDER,
    stopsWhen: never,
    saidBy: { 403: 'error-line', 404: 'error-line' },
  },
  {
    route: 'cloudresourcemanager.folders.get',
    ...IN_FOLDER,
    // The project's parent is in the scope itself.
    stopsWhen: always,
    saidBy: { 403: 'nothing', 404: 'nothing' },
  },
  {
    route: 'cloudresourcemanager.projects.search',
    ...IN_FOLDER,
    text: '{}',
    stopsWhen: never,
    saidBy: { 403: 'error-line', 404: 'error-line' },
    refusalFails: true,
  },
  {
    route: 'cloudresourcemanager.folders.search',
    ...IN_FOLDER,
    text: '{}',
    stopsWhen: never,
    saidBy: { 403: 'error-line', 404: 'error-line' },
    refusalFails: true,
  },
];

/** What an attempt without an answer is waited for, where that is what a test is about. */
const ATTEMPT_TIMEOUT_MS = 300;

function withTarget(
  target: Setting,
  test: (world: InProcess) => Promise<void>,
  fault?: Fault,
): Promise<void> {
  const { notebooks = NOTEBOOKS, scope = [], lines = [], refuseWildcard = false, folder = false } = target;
  const scenario = labScenario(notebooks, {
    organization: ORGANIZATION,
    ...(folder ? { folders: [{ id: '1', displayName: 'lab', parent: 'organizations/900' }] } : {}),
    project: { refuseWildcard, parent: folder ? 'folders/1' : 'organizations/900' },
  });
  const policy = labPolicy({ scope, notebooks: lines });
  const timeout = fault?.kind === 'timeout' ? { attemptTimeoutMs: ATTEMPT_TIMEOUT_MS } : {};
  return withFunctionInProcess(
    {
      name: NAME,
      scenario,
      policy,
      ...timeout,
      handle: (runtime, event) => runTick(runtime, notebookSweep, event),
    },
    test,
  );
}

/** Whatever fails: nothing but the idle notebook is stopped, it once, and nothing is called done that was not. */
function checkAlways({ sandbox }: InProcess): void {
  assert.deepEqual(
    Object.keys(carriedOut(sandbox, 'stop')).filter((id) => id !== 'idle-1'),
    [],
  );
  assert.ok((carriedOut(sandbox, 'stop')['idle-1'] ?? 0) <= 1);
  for (const receipt of receiptsIn(sandbox, BUCKET))
    for (const [id, outcomes] of Object.entries(outcomesOf(receipt))) {
      if (outcomes.includes('stop done: idle'))
        assert.notEqual(statesOf(sandbox)[id], 'ACTIVE', `${id} is called stopped and runs`);
      if (outcomes.includes('repair done: native-idle-shutdown-off'))
        assert.equal(notebook(sandbox, id).metadata['idle-timeout-seconds'], '10800');
    }
}

const fails = ({ refusalFails, missingFails }: Target, status: 403 | 404): boolean =>
  (status === 403 ? refusalFails : missingFails) === true;

const stopped = ({ sandbox }: InProcess): boolean => statesOf(sandbox)['idle-1'] !== 'ACTIVE';

/** Where the run says that something is missing: the logged summary of its receipt, or a line for itself. */
function said({ lines }: InProcess): readonly string[] {
  const summaries = lines.flatMap((line) =>
    typeof line === 'object' && typeof line['receipt'] === 'object'
      ? [line['receipt'] as { incomplete: unknown[]; failures: unknown[] }]
      : [],
  );
  return [
    ...(summaries.some(({ incomplete }) => incomplete.length > 0) ? ['incomplete'] : []),
    ...(summaries.some(({ failures }) => failures.length > 0) ? ['failures'] : []),
    ...(messagesOf(lines, 'ERROR').some((text) =>
      /^(?:The event failed and will be delivered again: )?Cannot /.test(text),
    )
      ? ['error-line']
      : []),
  ];
}

const PASSING: readonly Fault[] = [
  { kind: 'status', status: 429 },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'reset' },
  { kind: 'reset', after: true },
  { kind: 'timeout' },
  { kind: 'timeout', after: true },
];

function titleOf(fault: Fault): string {
  if (fault.kind === 'status') return String(fault.status);
  const isAfter = (fault.kind === 'timeout' || fault.kind === 'reset') && fault.after === true;
  return isAfter ? `${fault.kind} after the effect` : fault.kind;
}

for (const target of TARGETS)
  describe(`idle-notebook-stopper when ${target.route} fails`, () => {
    const deliver = (world: InProcess): Promise<void> =>
      world.deliver(target.text === undefined ? {} : { text: target.text });
    for (const fault of PASSING)
      it(`${titleOf(fault)} twice: requests again and gets through`, () =>
        withTarget(
          target,
          async (world) => {
            world.sandbox.faults.add({ route: target.route, count: 2, fault });
            await deliver(world);
            checkAlways(world);
            assert.ok(stopped(world));
            assert.deepEqual(messagesOf(world.lines, 'ERROR'), []);
            assert.deepEqual(said(world), []);
          },
          fault,
        ));

    for (const fault of [
      { kind: 'status', status: 503 },
      { kind: 'status', status: 429 },
      { kind: 'reset' },
    ] satisfies Fault[])
      it(`${titleOf(fault)} for good: the event fails, and a later delivery ends the work`, () =>
        withTarget(target, async (world) => {
          const { sandbox } = world;
          sandbox.faults.add({ route: target.route, fault });
          if (target.saidBy[403] === 'nothing') await deliver(world);
          else await assert.rejects(deliver(world));
          checkAlways(world);
          sandbox.faults.clear();
          // As long as a claim holds.
          await sandbox.clock.advance(100_000);
          await deliver(world);
          checkAlways(world);
          assert.ok(stopped(world));
          assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1 });
        }));

    for (const status of [403, 404] as const)
      it(`${status} for good: ${target.saidBy[status] === 'nothing' ? 'nothing is wrong' : `${target.saidBy[status]} say so`}, ${fails(target, status) ? 'the event fails' : 'the event is done'}`, () =>
        withTarget(target, async (world) => {
          world.sandbox.faults.add({ route: target.route, fault: { kind: 'status', status } });
          const says = (status === 404 ? target.missingSays : undefined) ?? new RegExp(`HTTP ${status}`);
          if (fails(target, status)) await assert.rejects(deliver(world), says);
          else await deliver(world);
          checkAlways(world);
          assert.equal(stopped(world), target.stopsWhen[status]);
          if (target.saidBy[status] === 'nothing') assert.deepEqual(said(world), []);
          else assert.ok(said(world).includes(target.saidBy[status]), said(world).join());
          if (!fails(target, status)) return;
          // Once the right is given, or the topic made again, the next delivery ends the work and repeats nothing.
          world.sandbox.faults.clear();
          await world.sandbox.clock.advance(100_000);
          await deliver(world);
          checkAlways(world);
          assert.deepEqual(carriedOut(world.sandbox, 'stop'), { 'idle-1': 1 });
        }));
  });

describe('idle-notebook-stopper when a signal fails', () => {
  const route = 'monitoring.projects.timeSeries.list';

  it('keeps a notebook whose metrics no one ever wrote (404), and that is no gap', () =>
    withTarget(ONE_PROJECT, async (world) => {
      const { sandbox } = world;
      const message = 'Cannot find metric(s) that match type = "agent.googleapis.com/gpu/utilization".';
      sandbox.faults.add({ route, fault: { kind: 'status', status: 404, message } });
      await world.deliver();
      const [receipt] = receiptsIn(sandbox, BUCKET);
      assert.deepEqual(receipt?.incomplete, []);
      assert.deepEqual(receipt.kept, { 'not-evaluable': 2 });
      assert.equal(receipt.decisions[0]?.evidence['why'], 'CPU has no data');
    }));

  // Peak and point count of CPU, GPU, sent and received: whichever call it is, what it would have said is unknown.
  for (let skip = 0; skip < 8; skip++)
    it(`keeps the notebook when call ${skip + 1} of 8 alone is refused`, () =>
      withTarget(ONE_PROJECT, async (world) => {
        world.sandbox.faults.add({ route, skip, count: 1, fault: { kind: 'status', status: 403 } });
        await assert.rejects(world.deliver(), /HTTP 403/);
        assert.ok(!stopped(world));
        assert.equal(receiptsIn(world.sandbox, BUCKET)[0]?.incomplete.length, 1);
      }));
});
