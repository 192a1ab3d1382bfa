import { describe, expect, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { memoryObject, type ProjectMemory } from '../../../functions/idle-notebook-stopper/memory/memory.ts';
import { createRuntimeApi } from '../../../shared/run/runtime-api.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import { manifestObject, type Manifest } from '../../../shared/state/manifest.ts';
import { createState } from '../../../shared/state/state.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { BUDGET, PERIOD, RESTORE, type RestoreAnswer } from '../../support/budget-lab.ts';
import { eventOf, startInstance, withSandbox } from '../../support/in-process.ts';
import { BUCKET, idle, LAB, labPolicy, labScenario, NAME, notebookName } from '../../support/lab.ts';
import { carriedOut, notebook, outcomesOf, receiptsIn, statesOf } from '../../support/observe.ts';
import { callRestore } from '../../support/switch-and-restore.ts';
import { disturb, disturbedRuntime, FATES, type Disturbance } from '../../support/write-fates.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const TIMEOUT = 'idle-timeout-seconds';

/** A Thursday morning inside of the hours, so that all writes of the stopper take place in one run. */
const MORNING = '2026-11-19T07:40:00Z';
const MORNING_MS = Date.parse(MORNING);
const EVENING_MS = MORNING_MS - 10 * 60 * MINUTE_MS;
const POLICY = labPolicy({
  notebooks: [
    'nativeIdleShutdown: repair',
    'hours: {timezone: UTC, days: [mon, tue, wed, thu, fri], from: "06:00", to: "20:00", start: true}',
  ],
});
const SCENARIO = labScenario(
  [
    idle('stop-1'),
    idle('start-1', { state: 'STOPPED', lastStop: '-10h' }),
    idle('patch-1', { state: 'STOPPED', lastStop: '-1d', metadata: { [TIMEOUT]: '', owner: 'ml' } }),
  ],
  { clock: MORNING },
);

/** In the evening both the hours and the switch took start-1 away, each without knowing of the other. */
const MEMORY: ProjectMemory = {
  version: 1,
  notebooks: {
    [notebookName('start-1')]: {
      stop: { claimedAtMs: EVENING_MS, runId: 'evening', reason: 'outside-hours', requestedAtMs: EVENING_MS },
    },
  },
};

/** What the switch took away, by notebook; stop-1 was started by hand after that, and is idle since. */
const TAKEN = { 'stop-1': MORNING_MS - 4 * DAY_MS, 'start-1': EVENING_MS, 'patch-1': MORNING_MS - DAY_MS };
const MANIFEST: Manifest = {
  version: 1,
  ...{ budget: BUDGET, period: PERIOD, project: LAB },
  rungs: [
    {
      ...{ at: 0.8, do: 'stop-notebooks', status: 'done', runId: 'evening' },
      items: Object.entries(TAKEN).map(([id, atMs]) => ({
        ...{ kind: 'notebook', resource: notebookName(id), status: 'done', atMs },
      })),
    },
  ],
  restored: {},
};

const WRITES = {
  stop: { request: /POST .*instances\/stop-1:stop/, look: /GET .*notebooks.*instances\/stop-1\b/ },
  start: { request: /POST .*instances\/start-1:start/, look: /GET .*notebooks.*instances\/start-1\b/ },
  patch: { request: /PATCH .*instances\/patch-1/, look: /GET .*notebooks.*instances\/patch-1\b/ },
} as const;
type Verb = keyof typeof WRITES;
const VERBS = ['stop', 'start', 'patch'] as const;

interface Lab {
  readonly sandbox: Sandbox;
  /** An instance of the stopper whose requests are disturbed, each write by its own disturbance, and another one. */
  readonly first: Runtime;
  readonly second: Runtime;
  readonly disturbances: Readonly<Record<Verb, Disturbance>>;
  readonly restore: () => Promise<RestoreAnswer>;
}

async function withLab(
  test: (lab: Lab) => Promise<void>,
  whileFrozen: (lab: Lab) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await withSandbox({ scenario: SCENARIO, frozen: true }, async (sandbox) => {
    const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
    const second = startInstance(sandbox, options).runtime;
    const restorer = startInstance(sandbox, { name: RESTORE, policy: POLICY, pauses: 'sandbox' }).runtime;
    const disturbances = {
      stop: { armed: undefined, freeze: undefined },
      start: { armed: undefined, freeze: undefined },
      patch: { armed: undefined, freeze: undefined },
    };
    let { runtime: first } = startInstance(sandbox, options);
    for (const verb of VERBS)
      first = disturbedRuntime(
        first,
        disturb(disturbances[verb], () => whileFrozen(lab)),
      );
    const request = { budget: BUDGET, period: PERIOD, project: LAB };
    const restore = (): Promise<RestoreAnswer> => callRestore(restorer, 'POST', request);
    const lab: Lab = { sandbox, first, second, disturbances, restore };
    await write(second, memoryObject(LAB), MEMORY);
    await write(restorer, manifestObject(MANIFEST), MANIFEST);
    await test(lab);
  });
}

async function write(runtime: Runtime, name: string, content: object): Promise<void> {
  await createState({ api: createRuntimeApi(runtime, Infinity), bucket: BUCKET }).write(
    name,
    JSON.stringify(content),
  );
}

async function deliver(runtime: Runtime, messageId: string): Promise<'done' | 'again'> {
  try {
    await runTick(runtime, notebookSweep, eventOf(`projects/p/topics/costguard-${NAME}`, { messageId }));
    return 'done';
  } catch {
    return 'again';
  }
}

/** What of each notebook Google carried out, and who says that it was them. */
async function expectAgreement({ sandbox, second, restore }: Lab): Promise<void> {
  await sandbox.clock.advance(2 * MINUTE_MS);
  expect(await deliver(second, '1')).toBe('done');
  await sandbox.clock.advance(2 * MINUTE_MS);
  const last = await restore();
  expect([last.status, last.complete]).toEqual([200, true]);
  expect(await deliver(second, '2')).toBe('done');
  expect([carriedOut(sandbox, 'stop'), carriedOut(sandbox, 'start')]).toEqual([
    { 'stop-1': 1 },
    { 'start-1': 1, 'patch-1': 1 },
  ]);
  expect(statesOf(sandbox)).toEqual({ 'stop-1': 'STOPPED', 'start-1': 'ACTIVE', 'patch-1': 'ACTIVE' });
  const said = (functionName: string, id: string, what: string): number =>
    receiptsIn(sandbox, BUCKET, functionName)
      .flatMap((receipt) => outcomesOf(receipt)[id] ?? [])
      .filter((outcome) => outcome.startsWith(what)).length;
  // The restore found stop-1 running, and stopping it is none of its business.
  expect([said(NAME, 'stop-1', 'stop done'), said(RESTORE, 'stop-1', 'start done')]).toEqual([1, 0]);
  expect([said(NAME, 'patch-1', 'start done'), said(RESTORE, 'patch-1', 'start done')]).toEqual([0, 1]);
  const starts = sandbox.callLog
    .calls('notebooks.projects.locations.instances.start')
    .filter(({ path, status }) => path.includes('start-1') && status === 200);
  const byRestore = starts.filter(({ principal }) => principal.startsWith(RESTORE)).length;
  expect(said(RESTORE, 'start-1', 'start done')).toBe(byRestore);
  expect(said(NAME, 'start-1', 'start done') + byRestore).toBeGreaterThan(0);
  expect(notebook(sandbox, 'patch-1').metadata).toMatchObject({ owner: 'ml' });
}

describe('each write of the idle-notebook-stopper with a restore in between', () => {
  for (const [title, fate] of Object.entries(FATES))
    it(`between request and settle, with ${title}: each notebook is stopped and started once, and the books agree`, () =>
      withLab(async (lab) => {
        const answers: RestoreAnswer[] = [];
        for (const verb of VERBS)
          lab.disturbances[verb].armed = {
            ...{ write: WRITES[verb].request, fate },
            meanwhile: async () => void answers.push(await lab.restore()),
          };
        await deliver(lab.first, '1');
        for (const verb of VERBS) expect(lab.disturbances[verb].armed, verb).toBeUndefined();
        expect(answers.map(({ status }) => status)).toContain(200);
        await expectAgreement(lab);
      }));

  for (const verb of VERBS)
    for (const [title, frozenMs] of Object.entries({ 'at once': 0, 'in 110 seconds': 110_000 }))
      it(`between look and request of ${verb}, ${title}: the same`, () =>
        withLab(
          async (lab) => {
            const sentAfter: string[] = [];
            const freeze = { look: WRITES[verb].look, project: /instances/, frozen: false, sentAfter };
            lab.disturbances[verb].freeze = freeze;
            await deliver(lab.first, '1');
            expect(freeze.frozen).toBe(true);
            await expectAgreement(lab);
          },
          async ({ sandbox, restore }) => {
            await sandbox.clock.advance(frozenMs);
            expect((await restore()).status).toBe(200);
          },
        ));
});
