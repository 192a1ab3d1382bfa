import { describe, expect, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { memoryObject, type ProjectMemory } from '../../../functions/idle-notebook-stopper/memory/memory.ts';
import { createRuntimeApi } from '../../../shared/run/runtime-api.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import { createState } from '../../../shared/state/state.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import type { Notebook } from '../../sandbox/services/compute/fleet.ts';
import { eventOf, startInstance, withSandbox } from '../../support/in-process.ts';
import { BUCKET, idle, LAB, labPolicy, labScenario, NAME, notebookName } from '../../support/lab.ts';
import { memoryIn, notebook, outcomesOf, receiptsIn } from '../../support/observe.ts';
import { disturb, disturbedRuntime, FATES, meetFate, type Disturbance } from '../../support/write-fates.ts';

const MINUTE_MS = 60_000;
const TIMEOUT = 'idle-timeout-seconds';

/** A Thursday morning inside of the hours, so that all writes of the function take place in one run. */
const MORNING = '2026-11-19T07:40:00Z';
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

/** What the hours stopped in the evening. */
const EVENING_MS = Date.parse(MORNING) - 10 * 60 * MINUTE_MS;
const REMEMBERED: ProjectMemory = {
  version: 1,
  notebooks: {
    [notebookName('start-1')]: {
      stop: { claimedAtMs: EVENING_MS, runId: 'evening', reason: 'outside-hours', requestedAtMs: EVENING_MS },
    },
  },
};

type Verb = 'stop' | 'start' | 'patch';

/** Each of the function's writes, and what a person may do in between that speaks against it. */
const WRITES: Readonly<Record<Verb, { readonly request: RegExp; readonly change: (it: Notebook) => void }>> =
  {
    stop: {
      request: /POST .*instances\/stop-1:stop/,
      change: ({ labels }) => void (labels['costguard-keep'] = 'true'),
    },
    start: {
      request: /POST .*instances\/start-1:start/,
      // Started and stopped again: it is theirs since.
      change: ({ vm }) => void (vm.lastStartMs = Date.parse(MORNING)),
    },
    patch: {
      request: /PATCH .*instances\/patch-1/,
      change: ({ metadata }) => void (metadata[TIMEOUT] = '1234'),
    },
  };
const VERBS: readonly Verb[] = ['stop', 'start', 'patch'];

interface Lab {
  readonly sandbox: Sandbox;
  /** An instance whose requests are disturbed, each write by its own disturbance, and another one. */
  readonly first: Runtime;
  readonly second: Runtime;
  readonly disturbances: Readonly<Record<Verb, Disturbance>>;
}

async function withLab(
  test: (lab: Lab) => Promise<void>,
  whileFrozen: (lab: Lab) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await withSandbox({ scenario: SCENARIO, frozen: true }, async (sandbox) => {
    const options = { name: NAME, policy: POLICY, pauses: 'none' } as const;
    const second = startInstance(sandbox, options).runtime;
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
    const lab: Lab = { sandbox, first, second, disturbances };
    const state = createState({ api: createRuntimeApi(second, Infinity), bucket: BUCKET });
    await state.write(memoryObject(LAB), JSON.stringify(REMEMBERED));
    await test(lab);
  });
}

async function deliver(runtime: Runtime, messageId: string): Promise<'done' | 'again'> {
  try {
    await runTick(runtime, notebookSweep, eventOf(`projects/p/topics/costguard-${NAME}`, { messageId }));
    return 'done';
  } catch {
    return 'again';
  }
}

/** How often Google carried a write out, by its call log. */
function carriedOut({ sandbox }: Lab, verb: Verb): number {
  return sandbox.callLog
    .calls(`notebooks.projects.locations.instances.${verb}`)
    .filter(({ path, status }) => path.includes(`${verb}-1`) && status === 200).length;
}

/** How often runs say that they did it. */
function said({ sandbox }: Lab, verb: Verb): number {
  const action = verb === 'patch' ? 'repair' : verb;
  return receiptsIn(sandbox, BUCKET)
    .flatMap((receipt) => outcomesOf(receipt)[`${verb}-1`] ?? [])
    .filter((outcome) => outcome.startsWith(`${action} done`)).length;
}

describe('each write of the idle-notebook-stopper', () => {
  for (const [title, fate] of Object.entries(FATES)) {
    it(`with ${title}: once, and the books say so, after a redelivery and a tick on another instance`, () =>
      withLab(async (lab) => {
        const { sandbox, disturbances } = lab;
        for (const verb of VERBS) disturbances[verb].armed = { write: WRITES[verb].request, fate };
        await deliver(lab.first, '1');
        for (const verb of VERBS) expect(disturbances[verb].armed, verb).toBeUndefined();
        await deliver(lab.second, '1');
        await sandbox.clock.advance(2 * MINUTE_MS);
        expect(await deliver(lab.second, '1')).toBe('done');
        expect(await deliver(lab.second, '2')).toBe('done');
        for (const verb of VERBS) {
          expect(carriedOut(lab, verb), verb).toBe(1);
          expect(said(lab, verb), verb).toBe(1);
        }
        expect(memoryIn(sandbox, BUCKET, LAB)['stop-1']?.stop?.requestedAtMs).toBeGreaterThan(0);
        expect(notebook(sandbox, 'patch-1').metadata).toMatchObject({ owner: 'ml', [TIMEOUT]: '10800' });
      }));

    it(`with ${title}: what a person changes before the answer holds`, () =>
      withLab(async (lab) => {
        const { sandbox, disturbances } = lab;
        for (const verb of VERBS) {
          const { request: write, change } = WRITES[verb];
          const meanwhile = (): void => {
            change(notebook(sandbox, `${verb}-1`));
          };
          disturbances[verb].armed = { write, fate, meanwhile };
        }
        await deliver(lab.first, '1');
        await sandbox.clock.advance(2 * MINUTE_MS);
        expect(await deliver(lab.second, '1')).toBe('done');
        const times = fate.carriedOut ? 1 : 0;
        for (const verb of VERBS) expect(carriedOut(lab, verb), verb).toBe(times);
        for (const verb of ['stop', 'start'] as const) expect(said(lab, verb), verb).toBe(times);
        expect(notebook(sandbox, 'patch-1').metadata).toMatchObject({ [TIMEOUT]: '1234' });
      }));
  }

  it('stops nothing again that a person starts before the event is delivered again', () =>
    withLab(async (lab) => {
      const { sandbox, disturbances } = lab;
      disturbances.stop.armed = {
        write: WRITES.stop.request,
        fate: FATES['a timeout after the effect'],
      };
      await deliver(lab.first, '1');
      await sandbox.clock.advance(2 * MINUTE_MS);
      sandbox.fleet.startNotebook(notebookName('stop-1'));
      await sandbox.clock.advance(2 * MINUTE_MS);
      expect(await deliver(lab.second, '1')).toBe('done');
      expect([carriedOut(lab, 'stop'), notebook(sandbox, 'stop-1').state]).toEqual([1, 'ACTIVE']);
    }));
});

describe('a repair whose notebook is changed between its listing and its request', () => {
  const CHANGES: Readonly<Record<string, (it: Notebook) => void>> = {
    'another key of its metadata': ({ metadata }) => void (metadata['mine'] = 'new'),
    'its keep label': ({ labels }) => void (labels['costguard-keep'] = 'true'),
    'the label of Terraform': ({ labels }) => void (labels['goog-terraform-provisioned'] = 'true'),
    'its state': (it) => void (it.state = 'ACTIVE'),
  };
  const MOMENTS: Readonly<Record<string, RegExp>> = {
    'before the look': /GET .*notebooks.*instances\/patch-1\b/,
    'after the look': /POST .*\/upload\/storage\/.*name=memory.*/,
  };

  for (const [moment, at] of Object.entries(MOMENTS))
    for (const [what, change] of Object.entries(CHANGES))
      it(`${what}, ${moment}: is not sent, and the next tick judges it anew`, () =>
        withLab(async (lab) => {
          const { sandbox, first, second } = lab;
          let isClaimed = false;
          const changing = disturbedRuntime(first, (request, answer) => {
            const isUpload = /name=memory/.test(request);
            if (isClaimed && at.test(request)) change(notebook(sandbox, 'patch-1'));
            isClaimed ||= isUpload;
            return answer();
          });
          expect(await deliver(changing, '1')).toBe('done');
          expect([carriedOut(lab, 'patch'), said(lab, 'patch')]).toEqual([0, 0]);
          const [receipt] = receiptsIn(sandbox, BUCKET);
          const decision = receipt?.decisions.find(({ evidence }) => 'notRepaired' in evidence);
          expect(decision?.evidence['notRepaired']).toMatch(/^next time: its (?:metadata|label|state) /);
          expect(await deliver(second, '2')).toBe('done');
          if (what !== 'another key of its metadata') return;
          expect([carriedOut(lab, 'patch'), said(lab, 'patch')]).toEqual([1, 1]);
          expect(notebook(sandbox, 'patch-1').metadata).toEqual({
            mine: 'new',
            owner: 'ml',
            [TIMEOUT]: '10800',
          });
        }));
});

const LOOKS: Readonly<Record<Verb, readonly RegExp[]>> = {
  stop: [/GET .*notebooks.*instances\/stop-1\b/, /GET .*compute.*instances\/\d+\b/],
  start: [/GET .*notebooks.*instances\/start-1\b/],
  patch: [/GET .*notebooks.*instances\/patch-1\b/],
};

describe('an instance of the idle-notebook-stopper that is frozen for 110 seconds after a look', () => {
  for (const verb of VERBS)
    for (const look of LOOKS[verb])
      it(`${look.source}: sends nothing more when another run has done it, and a person changed it since`, () =>
        withLab(
          async (lab) => {
            const freeze = { look, project: new RegExp(`instances/${verb}-1`), frozen: false, sentAfter: [] };
            lab.disturbances[verb].freeze = freeze;
            await deliver(lab.first, '1');
            expect([freeze.frozen, freeze.sentAfter]).toEqual([true, []]);
            expect(await deliver(lab.second, '1')).toBe('done');
            expect([carriedOut(lab, verb), said(lab, verb)]).toEqual([1, 1]);
          },
          async ({ sandbox, second }) => {
            await sandbox.clock.advance(110_000);
            expect(await deliver(second, '2')).toBe('done');
            await sandbox.clock.advance(2 * MINUTE_MS);
            if (verb === 'stop') sandbox.fleet.startNotebook(notebookName('stop-1'));
            if (verb === 'start') sandbox.fleet.stopNotebook(notebookName('start-1'));
            if (verb === 'patch') notebook(sandbox, 'patch-1').metadata[TIMEOUT] = '1234';
          },
        ));
});

describe('an instance of the idle-notebook-stopper that is frozen for 110 seconds at the look after a write', () => {
  for (const [title, fate] of Object.entries(FATES))
    it(`with ${title}: each change once, and said once, while another run goes on`, () =>
      withLab(
        async (lab) => {
          const { sandbox, disturbances } = lab;
          for (const verb of VERBS) {
            const project = new RegExp(`instances/${verb}-1`);
            const [look = /never/] = LOOKS[verb];
            const meanwhile = (): void => {
              disturbances[verb].freeze = { look, project, frozen: false, sentAfter: [] };
            };
            disturbances[verb].armed = { write: WRITES[verb].request, fate, meanwhile };
          }
          await deliver(lab.first, '1');
          for (const messageId of ['1', '2', '3']) {
            await sandbox.clock.advance(10 * MINUTE_MS);
            expect(await deliver(lab.second, messageId)).toBe('done');
          }
          for (const verb of VERBS) {
            expect(disturbances[verb].freeze?.sentAfter ?? [], verb).toEqual([]);
            expect(carriedOut(lab, verb), verb).toBe(1);
            expect(said(lab, verb), verb).toBe(1);
          }
        },
        async ({ sandbox, second }) => {
          await sandbox.clock.advance(110_000);
          await deliver(second, '2');
        },
      ));
});

describe('each write of the idle-notebook-stopper to the state', () => {
  /** What is written in this order, and which upload of its kind it is. */
  const OBJECTS = {
    'the claims': [/POST .*\/upload\/storage\/.*name=memory/, 1],
    'what became of the claims': [/POST .*\/upload\/storage\/.*name=memory/, 2],
    'the receipt': [/POST .*\/upload\/storage\/.*name=receipts/, 1],
  } as const;
  const TITLES = [
    ...(['garbage after the effect', 'a reset after the effect', 'a reset without an effect'] as const),
    ...(['a timeout after the effect', 'a refusal', 'an outage'] as const),
  ];

  for (const [object, [write, turn]] of Object.entries(OBJECTS))
    for (const title of TITLES)
      it(`${object}, with ${title}: each change once, and said once, after a redelivery and ticks`, () =>
        withLab(async (lab) => {
          const { sandbox, first, second } = lab;
          let met = 0;
          let wrote = 0;
          const disturbed = disturbedRuntime(first, (request, answer) => {
            if (write.test(request)) wrote += 1;
            // An outage outlasts the attempts of the run.
            const meets = write.test(request) && (title === 'an outage' ? wrote >= turn : wrote === turn);
            if (meets) met += 1;
            return meets ? meetFate(FATES[title], answer) : answer();
          });
          await deliver(disturbed, '1');
          expect(met).toBeGreaterThan(0);
          for (const [messageId, minutes] of [
            ['1', 0],
            ['1', 2],
            ['2', 10],
            ['3', 10],
          ] as const) {
            await sandbox.clock.advance(minutes * MINUTE_MS);
            const ended = await deliver(second, messageId);
            if (minutes > 0) expect(ended).toBe('done');
          }
          for (const verb of VERBS) expect(carriedOut(lab, verb), verb).toBe(1);
          const isLost = object === 'the receipt' && (title === 'a refusal' || title === 'an outage');
          // A receipt that is refused is lost, and the log has it.
          if (!isLost) for (const verb of VERBS) expect(said(lab, verb), verb).toBe(1);
          expect(memoryIn(sandbox, BUCKET, LAB)['stop-1']?.stop?.requestedAtMs).toBeGreaterThan(0);
          expect(notebook(sandbox, 'patch-1').metadata).toMatchObject({ owner: 'ml', [TIMEOUT]: '10800' });
        }));
});

describe('twenty repairs at once', () => {
  it('are noted together, at most once a second, each before its request leaves', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `patch-${index + 1}`);
    const scenario = labScenario(
      ids.map((id) => idle(id, { state: 'STOPPED', lastStop: '-1d', metadata: { [TIMEOUT]: '' } })),
      { clock: MORNING },
    );
    await withSandbox({ scenario, frozen: true }, async (sandbox) => {
      const { runtime } = startInstance(sandbox, { name: NAME, policy: POLICY, pauses: 'none' });
      const notedAtMs: number[] = [];
      const unnoted: string[] = [];
      const paced: Runtime = {
        ...disturbedRuntime(runtime, (request, answer) => {
          if (/POST .*\/upload\/storage\/.*name=memory/.test(request))
            notedAtMs.push(runtime.now().getTime());
          const [, id = ''] = /PATCH .*instances\/(patch-\d+)/.exec(request) ?? [];
          if (id !== '' && memoryIn(sandbox, BUCKET, LAB)[id]?.repair?.sent !== true) unnoted.push(id);
          return answer();
        }),
        sleep: (milliseconds) => sandbox.clock.advance(milliseconds),
      };
      expect(await deliver(paced, '1')).toBe('done');
      expect(unnoted).toEqual([]);
      for (const id of ids) expect(notebook(sandbox, id).metadata).toMatchObject({ [TIMEOUT]: '10800' });
      // The first claims them, and the last says what became of them.
      const notes = notedAtMs.slice(1, -1);
      expect(notes.length).toBeGreaterThan(2);
      const gaps = notes.slice(1).map((atMs, index) => atMs - (notes[index] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    });
  });
});
