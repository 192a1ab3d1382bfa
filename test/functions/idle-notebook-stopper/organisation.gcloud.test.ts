import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import type { Receipt } from '../../../shared/run/receipt.ts';
import { createGcloud, gcloudMissing } from '../../sandbox/gcloud/gcloud.ts';
import { readScenario } from '../../sandbox/scenario.ts';
import { subscribeToReceipts, withFunction, type World } from '../../support/installed.ts';
import { carriedOut, countsOf, memoryIn, messagesOf, notebook, receiptsIn } from '../../support/observe.ts';
import { needs } from '../../support/needs.ts';

const ORGANISATION = fileURLToPath(new URL('../../sandbox/scenarios/organisation.yaml', import.meta.url));
const OPERATIONS = 'ml-ops-example';
const BUCKET = 'ml-ops-example-costguard';
const TOPIC = `projects/${OPERATIONS}/topics/costguard-receipts`;
const GAP = {
  where: 'projects/ml-vision/locations/asia-east1-c',
  why: 'unreachable: notebooks there were not seen',
};

const withOrganisation = (mode: string, test: (world: World) => Promise<void>): Promise<void> =>
  withFunction(
    {
      scenario: readScenario(ORGANISATION),
      operationsProject: OPERATIONS,
      policy: `mode: ${mode}\nscope: [folders/500100]\nstate: gs://${BUCKET}\nreceipts: ${TOPIC}\nnotebooks:\n`,
    },
    test,
  );

function receiptOf(receipts: readonly Receipt[], project: string): Receipt {
  const found = receipts.filter(({ projects }) => projects.includes(project)).at(-1);
  if (found === undefined) throw new Error(`No receipt for ${project}`);
  return found;
}

interface Expected {
  readonly verdict: string;
  readonly usdPerHour: number | 'unpriced';
  readonly evidence: object;
}

const idleOverTheHour = {
  state: 'ACTIVE',
  window: { from: '2026-11-18T20:40:00.000Z', to: '2026-11-18T21:40:00.000Z' },
  minCoverage: 0.8,
  cpu: { belowCores: 0.5, coverage: 1, series: 1 },
  networkBytesPerSecond: { below: 20480, coverage: 1, series: 2 },
};
const on = { nativeIdleShutdown: { status: 'on', afterMinutes: 180, why: 'by default' } };

const VERDICTS: Readonly<Record<string, Readonly<Record<string, Expected>>>> = {
  'ml-research': {
    'forgotten-kernel-a100': {
      verdict: 'stop done: idle',
      usdPerHour: 3.673385,
      evidence: {
        ...idleOverTheHour,
        ...on,
        machineType: 'a2-highgpu-1g',
        gpus: '1 x nvidia-tesla-a100',
        gpuPercent: { peak: 0, below: 5, coverage: 1, series: 1 },
        price: { billedWhenStopped: ['boot disk pd-balanced, 150 GB', 'data disk pd-balanced, 100 GB'] },
      },
    },
    'bert-finetune-t4': {
      verdict: 'keep already: active',
      usdPerHour: 0.7642445753424656,
      evidence: { state: 'ACTIVE', gpus: '1 x nvidia-tesla-t4' },
    },
    'nightly-training-l4': {
      verdict: 'keep already: active',
      usdPerHour: 1.0346625753424659,
      evidence: {
        gpus: '1 x nvidia-l4',
        nativeIdleShutdown: { status: 'off', why: 'idle-timeout-seconds is empty, which turns it off' },
      },
    },
    'single-spike-t4': {
      verdict: 'keep already: active',
      usdPerHour: 0.9242455753424657,
      evidence: { gpus: '2 x nvidia-tesla-t4', gpuPercent: { below: 5, coverage: 1, series: 2 } },
    },
    'eda-cpu': {
      verdict: 'stop done: idle',
      usdPerHour: 0.26804568,
      evidence: {
        ...idleOverTheHour,
        gpus: 'none',
        nativeIdleShutdown: {
          status: 'cannot-fire',
          afterMinutes: 180,
          why: 'enable-guest-attributes is "FALSE", and it needs guest attributes',
        },
      },
    },
    'thesis-v100': {
      verdict: 'keep already: kept',
      usdPerHour: 2.8942445753424657,
      evidence: { ...idleOverTheHour, keepLabel: 'until 2026-12-31' },
    },
    'fresh-start': {
      verdict: 'keep already: young',
      usdPerHour: 0.22424557534246575,
      evidence: { startedAt: '2026-11-18T21:20:00.000Z' },
    },
    'stopped-last-week': {
      verdict: 'keep already: stopped',
      usdPerHour: 0.03424657534246575,
      evidence: { state: 'STOPPED', price: { runningUsdPerHour: 0.9806705753424658 } },
    },
    'unhealthy-agent': {
      verdict: 'stop done: idle',
      usdPerHour: 0.759996,
      evidence: {
        ...idleOverTheHour,
        nativeIdleShutdown: {
          status: 'cannot-fire',
          afterMinutes: 180,
          why: 'the agent that would report idleness is UNHEALTHY',
        },
      },
    },
  },
  'ml-vision': {
    'no-ops-agent-l4': {
      verdict: 'stop done: idle',
      usdPerHour: 0.7068319999999999,
      evidence: {
        inferred:
          'no agent reports its GPU, but cores, disk and network rested since 2026-11-18T19:40:00.000Z',
        gpuPercent: { below: 5, missing: 'no series' },
        longerLook: { from: '2026-11-18T19:40:00.000Z' },
      },
    },
    'terraform-labelling': { verdict: 'stop done: idle', usdPerHour: 0.189999, evidence: idleOverTheHour },
    'starting-now': {
      verdict: 'keep already: transitional',
      usdPerHour: 0.4142445753424658,
      evidence: { state: 'STARTING' },
    },
    'gaps-in-metrics': {
      verdict: 'keep already: not-evaluable',
      usdPerHour: 0.42271857534246576,
      evidence: { why: 'CPU was measured in 41 % of the window, 80 % is needed' },
    },
    'ghost-active': {
      verdict: 'keep already: not-evaluable',
      usdPerHour: 0.03424657534246575,
      evidence: { why: 'Workbench says ACTIVE, and its VM is TERMINATED' },
    },
    'idle-in-europe': {
      verdict: 'stop done: idle',
      usdPerHour: 0.785836,
      evidence: { ...idleOverTheHour, price: { stoppableUsdPerHour: 0.785836 } },
    },
  },
};

/** What is said besides, by instance id. */
const REPORTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'ml-research': {
    'nightly-training-l4': 'native-idle-shutdown-off',
    'eda-cpu': 'native-idle-shutdown-cannot-fire',
    'unhealthy-agent': 'native-idle-shutdown-cannot-fire',
  },
  'ml-vision': {
    'terraform-labelling': 'native-idle-shutdown-off',
    'no-ops-agent-l4': 'gpu-signal-missing',
  },
};

const idOf = (resource: string): string => resource.split('/').at(-1) ?? '';

/** Verdict by instance id, as `action outcome: reason`. */
function verdictsOf({ decisions }: Receipt): Readonly<Record<string, string>> {
  return Object.fromEntries(
    decisions
      .filter(({ action }) => action !== 'report')
      .map(({ resource, action, outcome, reason }) => [idOf(resource), `${action} ${outcome}: ${reason}`]),
  );
}

describe('idle-notebook-stopper on the shipped organisation', () => {
  it('judges every notebook rightly, explains it, and stops the idle ones', () =>
    withOrganisation('enforce', async ({ sandbox, fn }) => {
      await fn.tick();
      const receipts = receiptsIn(sandbox, BUCKET);
      assert.equal(receipts.length, 2);
      for (const [project, expected] of Object.entries(VERDICTS)) {
        const receipt = receiptOf(receipts, project);
        assert.deepEqual(
          verdictsOf(receipt),
          Object.fromEntries(Object.entries(expected).map(([id, { verdict }]) => [id, verdict])),
        );
        for (const decision of receipt.decisions.filter(({ action }) => action !== 'report')) {
          const { evidence, usdPerHour } = expected[idOf(decision.resource)] ?? assert.fail();
          assert.ok(
            Math.abs(Number(decision.usdPerHour) - Number(usdPerHour)) < 1e-6,
            `${decision.resource}: ${decision.usdPerHour}`,
          );
          assert.partialDeepStrictEqual(decision.evidence, evidence, decision.resource);
        }
        assert.deepEqual(
          Object.fromEntries(
            receipt.decisions
              .filter(({ action }) => action === 'report')
              .map(({ resource, reason }) => [idOf(resource), reason]),
          ),
          REPORTS[project],
        );
        assert.deepEqual(receipt.failures, []);
      }
      // The hour's mean of the spike is below the threshold, its busiest minute is not.
      const spike = receiptOf(receipts, 'ml-research').decisions.find(
        ({ resource }) => idOf(resource) === 'single-spike-t4',
      );
      assert.match(
        String(spike?.evidence['why']),
        /^GPU reached (?:6[1-9]|7[0-4])[.\d]* % \(idle is below 5 %\)$/,
      );

      assert.deepEqual(carriedOut(sandbox, 'stop'), {
        'forgotten-kernel-a100': 1,
        'eda-cpu': 1,
        'unhealthy-agent': 1,
        'no-ops-agent-l4': 1,
        'terraform-labelling': 1,
        'idle-in-europe': 1,
      });
      assert.equal(notebook(sandbox, 'out-of-reach').state, 'ACTIVE');
    }));

  it('leaves the organisation as the real gcloud then shows it', needs(gcloudMissing()), () =>
    withOrganisation('enforce', async ({ sandbox, fn }) => {
      await fn.tick();
      await sandbox.clock.advance(60_000);
      const gcloud = createGcloud(sandbox, 'owner@example.com');
      const { json, stderr } = await gcloud(
        'workbench instances list',
        '--location=-',
        '--project=ml-research',
        '--format=json(name,state)',
      );
      assert.ok(Array.isArray(json), stderr);
      assert.deepEqual(
        Object.fromEntries(
          (json as { name: string; state: string }[]).map(({ name, state }) => [idOf(name), state]),
        ),
        {
          'forgotten-kernel-a100': 'STOPPED',
          'bert-finetune-t4': 'ACTIVE',
          'nightly-training-l4': 'ACTIVE',
          'single-spike-t4': 'ACTIVE',
          'eda-cpu': 'STOPPED',
          'thesis-v100': 'ACTIVE',
          'fresh-start': 'ACTIVE',
          'stopped-last-week': 'STOPPED',
          'unhealthy-agent': 'STOPPED',
        },
      );
    }),
  );

  it('leaves a receipt per project in bucket, topic and log, with savings and what was not seen', () =>
    withOrganisation('enforce', async ({ sandbox, fn }) => {
      const published = subscribeToReceipts(sandbox, TOPIC);
      await fn.tick();
      const receipts = receiptsIn(sandbox, BUCKET);
      const research = receiptOf(receipts, 'ml-research');
      const vision = receiptOf(receipts, 'ml-vision');
      assert.deepEqual(research.kept, { active: 3, kept: 1, young: 1, stopped: 1 });
      assert.deepEqual(vision.kept, { 'not-evaluable': 2, transitional: 1 });
      assert.deepEqual(research.incomplete, []);
      assert.deepEqual(vision.incomplete, [GAP]);
      assert.ok(Math.abs(research.savings.usdPerHour - (3.673385 + 0.26804568 + 0.759996)) < 1e-9);
      assert.equal(vision.savings.unpriced, 0);
      assert.ok(Math.abs(vision.savings.usdPerHour - (0.189999 + 0.418336 + 0.3675 + 0.706832)) < 1e-6);
      for (const receipt of receipts) {
        assert.equal(receipt.function, 'idle-notebook-stopper');
        assert.equal(receipt.mode, 'enforce');
        assert.equal(receipt.startedAt, '2026-11-18T21:40:00.000Z');
        assert.match(receipt.runId, /^20261118T214000Z-[0-9a-f]{8}$/);
      }
      assert.ok(
        sandbox.storage
          .objectNames(BUCKET, 'receipts/')
          .every((name) =>
            /^receipts\/idle-notebook-stopper\/2026\/11\/18\/20261118T214000Z-[0-9a-f]{8}\.json$/.test(name),
          ),
      );

      const messages = published().map((text) => JSON.parse(text) as Receipt);
      assert.equal(messages.length, 2);
      for (const message of messages) {
        const stored = receiptOf(receipts, message.projects[0] ?? '');
        const acted = stored.decisions.filter(({ action }) => action !== 'keep');
        const name = `receipts/idle-notebook-stopper/2026/11/18/${stored.runId}.json`;
        assert.deepEqual(message, { ...stored, decisions: acted, stored: `gs://${BUCKET}/${name}` });
      }

      const lines = fn.lines.filter((line) => typeof line === 'object');
      assert.ok(lines.every((line) => typeof line['severity'] === 'string'));
      assert.equal(lines.filter((line) => line['receipt'] !== undefined).length, 2);
      // 6 stops as NOTICE, 5 reports and the incomplete summary as WARNING.
      assert.equal(messagesOf(fn.lines, 'NOTICE').length, 6);
      assert.equal(messagesOf(fn.lines, 'WARNING').length, 6);
      assert.match(
        messagesOf(fn.lines, 'WARNING').find((text) => text.startsWith('ml-vision')) ?? '',
        /INCOMPLETE: projects\/ml-vision\/locations\/asia-east1-c/,
      );
      assert.deepEqual(messagesOf(fn.lines, 'ERROR'), []);
    }));

  it('counts its calls in the receipt as the other side counts them', () =>
    withOrganisation('enforce', async ({ sandbox, fn }) => {
      await fn.tick();
      // One instance takes one event at a time: the calls of a run stand together, from its look at the scope on.
      const calls = sandbox.callLog.calls();
      const starts = calls.flatMap(({ id }, index) =>
        id === 'cloudresourcemanager.projects.get' ? [index] : [],
      );
      assert.equal(starts.length, 2);
      const runs = [calls.slice(starts[0], starts[1]), calls.slice(starts[1])];
      for (const run of runs) {
        const project = /projects\/([^/]+)$/.exec(run[0]?.path ?? '')?.[1] ?? '';
        const { apiCalls } = receiptOf(receiptsIn(sandbox, BUCKET), project);
        // The two calls that carry the receipt itself come after it.
        const counted = { ...apiCalls };
        for (const own of ['storage.objects.insert', 'pubsub.topics.publish'])
          counted[own] = (counted[own] ?? 0) + 1;
        assert.deepEqual(counted, countsOf(run));
        assert.equal(apiCalls['notebooks.instances.list'], 1);
        // Where no agent tells of a GPU, the legacy metric is requested, and five metrics over the longer past.
        assert.equal(apiCalls['monitoring.timeSeries.list'], project === 'ml-vision' ? 20 : 8);
        assert.equal(apiCalls['compute.instances.aggregatedList'], 1);
      }
    }));

  it('remembers what it stopped, and does not stop it again twenty minutes later', () =>
    withOrganisation('enforce', async ({ sandbox, fn }) => {
      await fn.tick();
      const stopped = memoryIn(sandbox, BUCKET, 'ml-vision');
      assert.deepEqual(Object.keys(stopped).sort(), [
        'idle-in-europe',
        'no-ops-agent-l4',
        'terraform-labelling',
      ]);
      for (const { stop } of Object.values(stopped)) {
        assert.equal(stop?.reason, 'idle');
        assert.equal(stop.requestedAtMs, Date.parse('2026-11-18T21:40:00Z'));
        assert.match(stop.operation ?? '', /^projects\/ml-vision\/locations\/[^/]+\/operations\//);
        assert.equal(stop.runId, receiptOf(receiptsIn(sandbox, BUCKET), 'ml-vision').runId);
      }
      const before = carriedOut(sandbox, 'stop');

      await sandbox.clock.advance(20 * 60_000);
      await fn.tick();
      const receipts = receiptsIn(sandbox, BUCKET);
      assert.equal(receipts.length, 4);
      assert.deepEqual(verdictsOf(receiptOf(receipts, 'ml-vision')), {
        'no-ops-agent-l4': 'keep already: stopped',
        'terraform-labelling': 'keep already: stopped',
        'starting-now': 'keep already: young',
        'gaps-in-metrics': 'keep already: not-evaluable',
        'ghost-active': 'keep already: not-evaluable',
        'idle-in-europe': 'keep already: stopped',
      });
      // Twenty minutes on, the spike of 50 minutes before lies outside the hour.
      assert.deepEqual(verdictsOf(receiptOf(receipts, 'ml-research')), {
        'forgotten-kernel-a100': 'keep already: stopped',
        'bert-finetune-t4': 'keep already: active',
        'nightly-training-l4': 'keep already: active',
        'single-spike-t4': 'stop done: idle',
        'eda-cpu': 'keep already: stopped',
        'thesis-v100': 'keep already: kept',
        'fresh-start': 'keep already: young',
        'stopped-last-week': 'keep already: stopped',
        'unhealthy-agent': 'keep already: stopped',
      });
      assert.deepEqual(carriedOut(sandbox, 'stop'), { ...before, 'single-spike-t4': 1 });
      for (const receipt of receipts)
        assert.ok(receipt.decisions.every(({ reason }) => reason !== 'did-not-stop'));
    }));

  it('plans in observe mode just what it would do, and writes nothing but its receipt', () =>
    withOrganisation('observe', async ({ sandbox, fn }) => {
      await fn.tick();
      const calls = sandbox.callLog.calls();
      const writes = calls.filter(({ method }) => method !== 'GET');
      assert.deepEqual(countsOf(writes), { 'storage.objects.insert': 2, 'pubsub.topics.publish': 3 });
      assert.ok(
        writes
          .filter(({ id }) => id === 'storage.objects.insert')
          .every(({ query }) => (new URLSearchParams(query).get('name') ?? '').startsWith('receipts/')),
      );
      assert.deepEqual(carriedOut(sandbox, 'stop'), {});
      assert.deepEqual(memoryIn(sandbox, BUCKET, 'ml-research'), {});

      const observed = receiptsIn(sandbox, BUCKET);
      await withOrganisation('enforce', async (enforcing) => {
        await enforcing.fn.tick();
        const enforced = receiptsIn(enforcing.sandbox, BUCKET);
        for (const project of Object.keys(VERDICTS)) {
          const planned = receiptOf(observed, project);
          const done = receiptOf(enforced, project);
          // Carried out side by side, so in no fixed order; what was done names its operation.
          const plain = ({ decisions }: Receipt): string[] =>
            decisions
              .map(({ outcome, evidence, ...decision }) =>
                JSON.stringify({
                  ...decision,
                  evidence: { ...evidence, operation: undefined },
                  outcome: outcome === 'planned' ? 'done' : outcome,
                }),
              )
              .sort();
          assert.deepEqual(plain(planned), plain(done));
          assert.deepEqual(planned.savings, done.savings);
          assert.deepEqual(planned.kept, done.kept);
          assert.ok(planned.decisions.every(({ outcome }) => outcome === 'planned' || outcome === 'already'));
        }
      });
    }));
});
