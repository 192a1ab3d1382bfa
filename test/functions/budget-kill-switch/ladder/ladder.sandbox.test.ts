import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  alert,
  ALERTS,
  BUDGET,
  budgetScenario,
  changesIn,
  labBudget,
  manifestsIn,
  RANKER,
  RANKER_NEXT,
  RUNAWAY,
  RUNAWAY_PROJECT,
  stateOf,
  SWITCH,
  switchPolicy,
  withSwitch,
  type Alert,
  type SwitchWorld,
} from '../../../support/budget-lab.ts';
import { BUCKET, OPERATIONS } from '../../../support/lab.ts';
import { lastReceipt, messagesOf, receiptsIn } from '../../../support/observe.ts';

const MINUTE_MS = 60_000;

/** All that the rungs below unlink take away from the lab's project, each once. */
const COMPUTE = {
  'instances.stop nb-1:stop': 1,
  'instances.stop vm-1/stop': 1,
  'instances.stop vm-ssd-spot/stop': 1,
  'customJobs.cancel customJobs/41:cancel': 1,
  'hyperparameterTuningJobs.cancel hyperparameterTuningJobs/51:cancel': 1,
  'tuningJobs.cancel tuningJobs/61:cancel': 1,
  [`endpoints.undeployModel endpoints/71:undeployModel ${RANKER}`]: 1,
  [`endpoints.undeployModel endpoints/71:undeployModel ${RANKER_NEXT}`]: 1,
};
const EVERYTHING = { ...COMPUTE, [`projects.updateBillingInfo /v1/projects/${RUNAWAY}/billingInfo`]: 1 };

/** The rungs that said that they fire, in order. */
function fired({ lines }: SwitchWorld): readonly string[] {
  return lines.flatMap((line) =>
    typeof line === 'object' && line['alert'] === 'budget-rung' ? [String(line['rung'])] : [],
  );
}

const reasonsOf = ({ lines }: SwitchWorld): readonly unknown[] =>
  lines.flatMap((line) => (typeof line === 'object' && 'reason' in line ? [line['reason']] : []));

const stored = ({ sandbox }: SwitchWorld): readonly string[] =>
  sandbox.storage.objectNames(BUCKET).filter((name) => !name.startsWith('spend/'));

describe('budget-kill-switch on a runaway project', () => {
  it('answers each rung once as the spend climbs, with messages late, doubled and out of order', async () => {
    const scenario = budgetScenario({
      projects: [{ ...RUNAWAY_PROJECT, spentUsd: 460, extraUsdPerHour: 150 }],
      billing: {
        readDelaySeconds: 5,
        notificationLagMinutes: 10,
        duplicateProbability: 0.4,
        reorderProbability: 0.4,
      },
    });
    await withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      const name = `projects/${OPERATIONS}/subscriptions/switch`;
      sandbox.pubsub.createSubscription({ name, topic: ALERTS });
      const story: [string, string][] = [];
      let delivered = 0;
      for (let steps = 0; steps < 60 && story.length < 4; steps++) {
        await sandbox.clock.advance(10 * MINUTE_MS);
        for (const { message } of sandbox.pubsub.queue(name).pull(100)) {
          const before = fired(world).length;
          const text = Buffer.from(message.data, 'base64').toString();
          await world.alert({ text, attributes: message.attributes });
          delivered += 1;
          const exceeded = (JSON.parse(text) as Record<string, unknown>)['alertThresholdExceeded'];
          for (const rung of fired(world).slice(before)) story.push([rung, String(exceeded)]);
        }
      }
      assert.deepEqual(story, [
        ['notify', '0.5'],
        ['stop-notebooks', '0.8'],
        ['stop-compute', '1'],
        ['unlink-billing', '1.2'],
      ]);
      assert.ok(delivered > 4, `${delivered} messages were delivered`);
      assert.deepEqual(changesIn(sandbox), EVERYTHING);
      await sandbox.clock.advance(5 * MINUTE_MS);
      assert.equal(sandbox.billingClock.usdPerHour(RUNAWAY), 0);
      const texts = messagesOf(world.lines, 'WARNING').join('\n');
      assert.match(texts, /Next: stop-compute at 100 % \(1,000\.00 USD\), in .* at the present rate\./);
    });
  });

  it('runs every due rung in order when a message jumps from 40 to 130 percent, and none again', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(0.4));
      assert.deepEqual(changesIn(sandbox), {});
      await world.alert(alert(1.3));
      assert.deepEqual(fired(world), ['notify', 'stop-notebooks', 'stop-compute', 'unlink-billing']);
      assert.deepEqual(changesIn(sandbox), EVERYTHING);
      assert.match(Object.keys(changesIn(sandbox))[0] ?? '', /nb-1/);
      assert.match(Object.keys(changesIn(sandbox)).at(-1) ?? '', /billingInfo/);

      const { decisions } = lastReceipt(sandbox, BUCKET, SWITCH);
      const why = (id: string): unknown =>
        decisions.find(({ resource, reason }) => resource.endsWith(id) && reason === 'left-alone')?.evidence[
          'why'
        ];
      assert.equal(why('/nb-kept'), 'label costguard-keep: true');
      assert.equal(why('/vm-kept'), 'label costguard-keep: until 2026-12-31');
      assert.match(String(why('/gke-pool-q9zt')), /^GKE node/);
      assert.match(String(why('/group-x7k2')), /^member of a managed instance group/);

      const receipts = receiptsIn(sandbox, BUCKET).length;
      sandbox.callLog.clear();
      await world.alert(alert(1.3));
      await world.alert(alert(1.4));
      await world.alert(alert(0.6));
      assert.deepEqual(changesIn(sandbox), {});
      assert.equal(receiptsIn(sandbox, BUCKET).length, receipts);
      assert.equal(
        messagesOf(world.lines, 'INFO').filter((text) => text.includes('all due rungs have fired before'))
          .length,
        3,
      );
    }));

  it.each([
    ['by the log, which has all, and stores no receipt', 2, 0],
    ['by a stored receipt where the log has no room for all', 201, 1],
  ])('names what is left burning with its command at a look that does nothing %s', (_, count, receipts) => {
    const resources = Array.from({ length: count }, (__, index) => ({
      service: 'dataflow' as const,
      path: `locations/us-central1/jobs/j-${index}`,
      body: { name: 'embed', type: 'JOB_TYPE_STREAMING', currentState: 'JOB_STATE_RUNNING' },
    }));
    const scenario = budgetScenario({ projects: [{ ...RUNAWAY_PROJECT, resources }] });
    return withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      const commandsIn = ({ decisions }: ReturnType<typeof lastReceipt>): readonly unknown[] =>
        decisions.flatMap(({ reason, evidence: { command } }) =>
          reason === 'left-alone' && /^gcloud dataflow jobs drain j-/.test(String(command)) ? [command] : [],
        );
      await world.alert(alert(1.01));
      assert.equal(new Set(commandsIn(lastReceipt(sandbox, BUCKET, SWITCH))).size, count);
      const [before, said] = [receiptsIn(sandbox, BUCKET).length, world.lines.length];
      sandbox.callLog.clear();
      await world.alert(alert(1.02));
      assert.deepEqual(changesIn(sandbox), {});
      assert.equal(receiptsIn(sandbox, BUCKET).length, before + receipts);
      if (receipts > 0) assert.equal(new Set(commandsIn(lastReceipt(sandbox, BUCKET, SWITCH))).size, count);
      const listed = world.lines
        .slice(said)
        .flatMap((line) => (typeof line === 'object' && 'leftBurning' in line ? [line['leftBurning']] : []));
      const named = JSON.stringify(listed).match(/gcloud dataflow jobs drain j-\d+/g) ?? [];
      assert.ok(new Set(named).size >= Math.min(count, 190), `${new Set(named).size} are named`);
    });
  });

  it('has the manifest in the bucket before anything is taken away, and completes it after', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.3));
      const calls = sandbox.callLog.calls();
      for (const [index, call] of calls.entries()) {
        const rung = ((): string | undefined => {
          if (call.id.endsWith('.updateBillingInfo')) return 'unlink-billing';
          if (call.id === 'notebooks.projects.locations.instances.stop') return 'stop-notebooks';
          return /\.(?:stop|cancel|undeployModel)$/.test(call.id) ? 'stop-compute' : undefined;
        })();
        if (rung === undefined) continue;
        const written = calls
          .slice(0, index)
          .filter(({ id, body }) => id === 'storage.objects.insert' && body.includes(`"do":"${rung}"`))
          .at(-1)?.body;
        const target = /([^/:]+)(?::\w+|\/stop|\/billingInfo)$/.exec(call.path)?.[1] ?? '';
        assert.ok(written?.includes(`/${target}"`), `${target} is not in the manifest before ${call.id}`);
      }
      const { rungs = [] } = manifestsIn(sandbox)[RUNAWAY] ?? {};
      assert.deepEqual(
        rungs.map((rung) => [rung.do, rung.status, [...new Set(rung.items?.map(({ status }) => status))]]),
        [
          ['stop-notebooks', 'done', ['done']],
          ['stop-compute', 'done', ['done']],
          ['unlink-billing', 'done', ['done']],
        ],
      );
    }));

  it('sends exactly one form of unlink request', () =>
    withSwitch(
      { policy: switchPolicy({ lines: ['ladder: [{at: 1, do: unlink-billing}]'] }) },
      async (world) => {
        await world.alert(alert(1));
        const [call, ...more] = world.sandbox.callLog.calls('cloudbilling.projects.updateBillingInfo');
        assert.deepEqual(more, []);
        assert.deepEqual(
          [call?.method, call?.host, call?.path, call?.query, call?.body],
          [
            'PUT',
            'cloudbilling.googleapis.com',
            `/v1/projects/${RUNAWAY}/billingInfo`,
            '?$alt=json%3Benum-encoding=int',
            '{"billingAccountName":""}',
          ],
        );
        const items = manifestsIn(world.sandbox)[RUNAWAY]?.rungs[0]?.items ?? [];
        assert.deepEqual(items.map(({ resource }) => resource.split('/').at(-1)).sort(), [
          '41',
          '51',
          '61',
          '71',
          'gke-pool-q9zt',
          'group-x7k2',
          'ml-runaway',
          'nb-1',
          'nb-kept',
          'vm-1',
          'vm-kept',
          'vm-ssd-spot',
        ]);
      },
    ));

  it('starts anew in a new period', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(0.9));
      await sandbox.clock.advance(15 * 24 * 60 * MINUTE_MS);
      sandbox.fleet.startNotebook(`projects/${RUNAWAY}/locations/us-central1-a/instances/nb-1`);
      await sandbox.clock.advance(5 * MINUTE_MS);
      // The old period's message is late.
      await world.alert(alert(1.3));
      await world.alert(alert(0.9, { data: { costIntervalStart: '2026-12-01T08:00:00Z' } }));
      assert.deepEqual(reasonsOf(world), ['period-over']);
      assert.deepEqual(changesIn(sandbox), { 'instances.stop nb-1:stop': 2 });
      assert.deepEqual(
        sandbox.storage.objectNames(BUCKET, 'manifests/').map((name) => name.split('/').slice(-2).join(' ')),
        [
          '2026-11-01 _budget.json',
          '2026-11-01 ml-runaway.json',
          '2026-12-01 _budget.json',
          '2026-12-01 ml-runaway.json',
        ],
      );
    }));

  const forecast = alert(0.3, { data: { forecastThresholdExceeded: 1.5 } });
  for (const [basis, rungs] of [
    ['actual', []],
    ['forecast', ['notify', 'stop-notebooks', 'stop-compute']],
    ['either', ['notify', 'stop-notebooks', 'stop-compute']],
  ] as const)
    it(`basis ${basis}: a forecast of 150 percent fires ${rungs.length === 0 ? 'nothing' : 'all below unlink'}`, () =>
      withSwitch({ policy: switchPolicy({ lines: [`basis: ${basis}`] }) }, async (world) => {
        await world.alert(forecast);
        assert.deepEqual(fired(world), rungs);
        assert.equal(stateOf(world.sandbox)['billing'], BUDGET.split('/')[1]);
      }));

  it('in observe mode says what it would do and writes nothing but what was reported and its receipt', () =>
    withSwitch({ policy: switchPolicy({ mode: 'observe' }) }, async (world) => {
      const { sandbox } = world;
      const before = stateOf(sandbox);
      await world.alert(alert(1.3));
      assert.deepEqual(changesIn(sandbox), {});
      assert.deepEqual(stateOf(sandbox), before);
      assert.match(messagesOf(world.lines, 'WARNING')[0] ?? '', /^Would act \(observe\): .*130 %/);
      const [name, reported, heard, ...more] = sandbox.storage.objectNames(BUCKET);
      assert.deepEqual(more, []);
      assert.match(name ?? '', /^receipts\/budget-kill-switch\//);
      assert.match(reported ?? '', /^spend\/[^/]+\/[^/]+\/2026-\d\d-01\.json$/);
      assert.match(heard ?? '', /^spend\/[^/]+\/[^/]+\/heard\.json$/);
      const receipt = lastReceipt(sandbox, BUCKET, SWITCH);
      assert.equal(receipt.mode, 'observe');
      // Price books that are older than 90 days.
      assert.deepEqual(receipt.oldPrices?.[1], { book: 'machines', asOf: '2026-07-30' });
      const planned = receipt.decisions
        .filter(({ outcome }) => outcome === 'planned')
        .map(({ action }) => action);
      assert.deepEqual([...new Set(planned)].sort(), [
        'cancel', 'notify', 'stop', 'stop-compute', 'stop-notebooks', 'undeploy', 'unlink', 'unlink-billing',
      ]); // prettier-ignore
      // It observes the next message as well.
      await world.alert(alert(1.3));
      assert.equal(
        messagesOf(world.lines, 'WARNING').filter((text) => text.startsWith('Would act')).length,
        2,
      );
    }));

  for (const [title, policy] of [
    ['mode unset', switchPolicy().replace('  mode: enforce\n', '')],
    ['no section budgets', switchPolicy().replace(/^budgets:\n(?: {2}.*\n)*/m, '')],
  ] as const)
    it(`${title}: an error at every message, and nothing else`, () =>
      withSwitch({ policy }, async (world) => {
        await world.alert(alert(1.3));
        await world.alert(alert(0.1));
        assert.equal(messagesOf(world.lines, 'ERROR').length, 2, JSON.stringify(world.lines));
        assert.match(messagesOf(world.lines, 'ERROR').join('\n'), /budgets/);
        assert.deepEqual(world.sandbox.callLog.calls(), []);
      }));
});

describe('budget-kill-switch on messages that nothing follows from', () => {
  const anomaly: Alert = {
    text: '{"anomalyName": "x"}',
    attributes: {
      scope: 'PROJECT',
      resourceName: 'projects/1',
      resourceDisplayName: 'x',
      SchemaVersion: '1.0',
    },
  };
  for (const [title, message, severity, said, keeps] of [
    ['a heartbeat', alert(0.4), 'INFO', /heartbeat: 40 % of the budget is spent/, []],
    [
      'a heartbeat over a rung',
      alert(0.9, { data: { alertThresholdExceeded: undefined } }),
      'WARNING',
      /names no exceeded threshold/,
      [],
    ],
    [
      'a foreign budget',
      alert(1.3, {
        budget: 'billingAccounts/FFFFFF-FFFFFF-FFFFFF/budgets/b',
        data: { budgetDisplayName: 'of another team' },
      }),
      'INFO',
      /foreign-budget/,
      [],
    ],
    ['a budget that is not allowed', alert(1.3, { budget: `${BUDGET}-2` }), 'INFO', /not-allowed/, []],
    ['a cost anomaly', anomaly, 'INFO', /cost-anomaly/, []],
    ['another currency', alert(1.3, { data: { currencyCode: 'EUR' } }), 'WARNING', /other-currency/, []],
    [
      'a period that is over',
      alert(1.3, { data: { costIntervalStart: '2026-10-01T07:00:00Z' } }),
      'WARNING',
      /period-over/,
      [],
    ],
    [
      'text that is no JSON',
      { ...alert(1.3), text: 'x' },
      'ERROR',
      /not JSON/,
      ['poison/budget-kill-switch/1.json'],
    ],
    [
      'an infinite cost',
      { ...alert(1.3), text: alert(1.3).text.replace('1300', '1e999') },
      'ERROR',
      /costAmount/,
      ['poison/budget-kill-switch/1.json'],
    ],
    [
      'another schema version',
      { ...alert(1.3), attributes: { ...alert(1.3).attributes, schemaVersion: '2.0' } },
      'ERROR',
      /schemaVersion/,
      ['poison/budget-kill-switch/1.json'],
    ],
  ] as const)
    // prettier-ignore
    it(`${title}: one ${severity} line, acknowledged`, () =>
      withSwitch({}, async (world) => {
        const before = stateOf(world.sandbox);
        await world.alert(message);
        assert.equal(world.lines.length, 1);
        assert.match(messagesOf(world.lines, severity)[0] ?? '', said);
        assert.deepEqual(stored(world), keeps);
        assert.deepEqual(changesIn(world.sandbox), {});
        assert.deepEqual(stateOf(world.sandbox), before);
      }));

  it('a message that arrives after the amount was raised counts against the new amount', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      const amount = { specifiedAmount: { units: '5000', currencyCode: 'USD' } };
      sandbox.billing.budgets.update({ name: BUDGET, amount }, 'amount');
      await world.alert(alert(1.3));
      assert.deepEqual(changesIn(sandbox), {});
      assert.match(messagesOf(world.lines, 'INFO')[0] ?? '', /26 % of the budget is spent/);
    }));

  it('a budget that is gone is never acted for', () =>
    withSwitch({}, async (world) => {
      world.sandbox.billing.budgets.delete(BUDGET);
      await world.alert(alert(1.3));
      assert.deepEqual(reasonsOf(world), ['unknown-budget']);
      assert.deepEqual(changesIn(world.sandbox), {});
    }));
});

describe('budget-kill-switch and its targets', () => {
  const scope = [RUNAWAY, 'ml-kept', OPERATIONS].map((id) => `projects/${id}`);
  const notebook = { id: 'nb-other', zone: 'us-central1-a', machineType: 'n1-standard-4' };
  const kept = { id: 'ml-kept', number: '100000000003', notebooks: [notebook] };

  it('resolves project numbers, and never touches protected projects nor its own', async () => {
    const scenario = budgetScenario({
      projects: [RUNAWAY_PROJECT, kept],
      budgets: [labBudget({ projects: [RUNAWAY, 'ml-kept', OPERATIONS] })],
    });
    await withSwitch(
      { scenario, policy: switchPolicy({ scope, lines: ['protect: [projects/ml-kept]'] }) },
      async (world) => {
        const { sandbox } = world;
        const budget = sandbox.billing.budgets.get(BUDGET);
        assert.deepEqual((budget['budgetFilter'] as Record<string, unknown>)['projects'], [
        'projects/100000000002', 'projects/100000000003', 'projects/100000000001',
      ]); // prettier-ignore
        const before = stateOf(sandbox, 'ml-kept');
        await world.alert(alert(1.3));
        assert.deepEqual(changesIn(sandbox), EVERYTHING);
        assert.deepEqual(stateOf(sandbox, 'ml-kept'), before);
        assert.ok(sandbox.billing.links.enabled(OPERATIONS));
        const { decisions } = lastReceipt(sandbox, BUCKET, SWITCH);
        assert.deepEqual(
          decisions
            .filter(({ reason }) => reason === 'protected')
            .map(({ resource, evidence }) => [resource, evidence['why']])
            .sort(),
          [
            ['projects/ml-kept', 'budgets.protect names it'],
            [`projects/${OPERATIONS}`, 'costguard itself runs in it'],
          ],
        );
        assert.deepEqual(Object.keys(manifestsIn(sandbox)).sort(), ['_budget', RUNAWAY]);
      },
    );
  });

  it('stays at notify for a budget without a project filter', () =>
    withSwitch({ scenario: budgetScenario({ budgets: [labBudget({ projects: [] })] }) }, async (world) => {
      await world.alert(alert(1.3));
      assert.deepEqual(fired(world), ['notify']);
      assert.deepEqual(changesIn(world.sandbox), {});
      assert.deepEqual(Object.keys(manifestsIn(world.sandbox)), ['_budget']);
    }));

  it('lets two budgets over one project take away, and bring back, what each took', async () => {
    const OTHER = `${BUDGET}-2`;
    const scenario = budgetScenario({ budgets: [labBudget(), labBudget({ name: OTHER })] });
    await withSwitch({ scenario, policy: switchPolicy({ allow: [BUDGET, OTHER] }) }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(0.9));
      await Promise.all([world.alert(alert(1.1, { budget: OTHER })), world.alert(alert(1.1))]);
      for (const [change, count] of Object.entries(changesIn(sandbox)))
        assert.ok(count <= 2 && change in COMPUTE, `${change}: ${count}`);
      await world.restore('POST', { budget: OTHER, period: '2026-11-01' });
      await sandbox.clock.advance(5 * MINUTE_MS);
      assert.equal((stateOf(sandbox)['nb-1'] as { state: string }).state, 'STOPPED');
      await world.restore('POST');
      await sandbox.clock.advance(5 * MINUTE_MS);
      assert.equal((stateOf(sandbox)['nb-1'] as { state: string }).state, 'ACTIVE');
      assert.equal((stateOf(sandbox)['vm-1'] as { status: string }).status, 'RUNNING');
    });
  });
});

describe('budget-kill-switch when not everything can be seen or done', () => {
  it('keeps a rung open while a zone is out of reach, and ends it when it is back', async () => {
    const scenario = budgetScenario({
      projects: [{ ...RUNAWAY_PROJECT, unreachableForCompute: ['us-central1-b'] }],
    });
    await withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.1));
      const rung = (): unknown =>
        manifestsIn(sandbox)[RUNAWAY]?.rungs.find((one) => one.do === 'stop-compute')?.status;
      assert.equal(rung(), 'claimed');
      assert.equal(changesIn(sandbox)['instances.stop vm-1/stop'], 1);
      assert.equal(changesIn(sandbox)['instances.stop vm-ssd-spot/stop'], undefined);
      // For VMs and for managed groups.
      assert.deepEqual(
        lastReceipt(sandbox, BUCKET, SWITCH).incomplete.map(({ where }) => where),
        [`projects/${RUNAWAY} zones/us-central1-b`, `projects/${RUNAWAY} zones/us-central1-b`],
      );
      sandbox.projects.get(RUNAWAY).seed.unreachableForCompute.length = 0;
      await world.alert(alert(1.1));
      assert.equal(rung(), 'done');
      assert.deepEqual(changesIn(sandbox), COMPUTE);
    });
  });

  it('stops the rest of a region where one kind of job cannot be listed', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      const route = 'aiplatform.projects.locations.tuningJobs.list';
      sandbox.faults.add({ route, fault: { kind: 'status', status: 400 } });
      await world.alert(alert(1.1));
      assert.equal(changesIn(sandbox)['customJobs.cancel customJobs/41:cancel'], 1);
      assert.equal(
        changesIn(sandbox)[`endpoints.undeployModel endpoints/71:undeployModel ${RANKER_NEXT}`],
        1,
      );
      assert.equal(lastReceipt(sandbox, BUCKET, SWITCH).incomplete.length, 4);
      assert.equal(manifestsIn(sandbox)[RUNAWAY]?.rungs.at(-1)?.status, 'claimed');
    }));

  for (const [what, share, route] of [
    ['the stop of a VM', 1.1, 'compute.instances.stop'],
    ['the stop of a notebook', 0.9, 'notebooks.projects.locations.instances.stop'],
    ['an undeployment', 1.1, 'aiplatform.projects.locations.endpoints.undeployModel'],
    ['the unlinking of billing', 1.3, 'cloudbilling.projects.updateBillingInfo'],
    ['the look at its budget', 1.1, 'billingbudgets.billingAccounts.budgets.get'],
  ] as const)
    for (const status of [401, 403])
      it(`fails the event when ${what} is refused with ${status}, and the next delivery does only what is left`, async () => {
        let undisturbed: Readonly<Record<string, number>> = {};
        await withSwitch({}, async (world) => {
          await world.alert(alert(share));
          undisturbed = changesIn(world.sandbox);
        });
        await withSwitch({}, async (world) => {
          const { sandbox } = world;
          sandbox.faults.add({ route, fault: { kind: 'status', status } });
          await assert.rejects(world.alert(alert(share)), /HTTP 40[13]/);
          sandbox.faults.clear();
          await sandbox.clock.advance(MINUTE_MS);
          await world.alert(alert(share));
          assert.deepEqual(changesIn(sandbox), undisturbed, 'nothing twice, nothing left out');
        });
      });

  it('leaves alone what was labelled after it was planned', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      const routes = ['notebooks.projects.locations.instances.stop', 'compute.instances.stop'];
      for (const route of routes) sandbox.faults.add({ route, fault: { kind: 'status', status: 403 } });
      await assert.rejects(world.alert(alert(1.1)));
      sandbox.faults.clear();
      sandbox.callLog.clear();
      const label = { 'costguard-keep': 'true' };
      const { fleet } = sandbox;
      Object.assign(fleet.notebooksOf(RUNAWAY).find(({ id }) => id === 'nb-1')?.labels ?? {}, label);
      Object.assign(fleet.vmsOf(RUNAWAY).find(({ name }) => name === 'vm-1')?.labels ?? {}, label);
      await sandbox.clock.advance(MINUTE_MS);
      await world.alert(alert(1.1));
      assert.deepEqual(changesIn(sandbox), { 'instances.stop vm-ssd-spot/stop': 1 });
      const rungs = manifestsIn(sandbox)[RUNAWAY]?.rungs ?? [];
      assert.deepEqual(
        rungs.map(({ status }) => status),
        ['done', 'done'],
      );
      const why = 'label costguard-keep: true';
      for (const end of ['/nb-1', '/vm-1']) {
        const found = rungs.flatMap(({ items = [] }) => items).find(({ resource }) => resource.endsWith(end));
        assert.deepEqual([found?.status, found?.why], ['already', why]);
        const { decisions } = lastReceipt(sandbox, BUCKET, SWITCH);
        const said = decisions.find(({ resource }) => resource.endsWith(end));
        assert.deepEqual([said?.action, said?.evidence['why']], ['keep', why]);
      }
      const { plan = [] } = await world.restore('GET');
      assert.match(
        plan.find(({ resource }) => resource.endsWith('/nb-1'))?.why ?? '',
        /left it as it was: label/,
      );
    }));

  it('brings back what it had stopped when the label came after the request', () =>
    withSwitch({ attemptTimeoutMs: 300 }, async (world) => {
      const { sandbox } = world;
      const route = 'notebooks.projects.locations.instances.stop';
      sandbox.faults.add({ route, fault: { kind: 'timeout', after: true } });
      // The answer is lost, and it dies before it can look again.
      sandbox.faults.add({
        route: 'notebooks.projects.locations.instances.get',
        skip: 1,
        fault: { kind: 'status', status: 503 },
      });
      await assert.rejects(world.alert(alert(0.9)));
      sandbox.faults.clear();
      const notebook = sandbox.fleet.notebooksOf(RUNAWAY).find(({ id }) => id === 'nb-1');
      Object.assign(notebook?.labels ?? {}, { 'costguard-keep': 'true' });
      await sandbox.clock.advance(5 * MINUTE_MS);
      await world.alert(alert(0.9));
      assert.equal(manifestsIn(sandbox)[RUNAWAY]?.rungs.at(-1)?.items?.[0]?.status, 'done');
      await world.restore('POST');
      await sandbox.clock.advance(5 * MINUTE_MS);
      assert.equal(notebook?.state, 'ACTIVE');
    }));

  it('unlinks only with the second delivery while it cannot see what would stop', () =>
    withSwitch(
      { policy: switchPolicy({ lines: ['ladder: [{at: 1, do: unlink-billing}]'] }) },
      async (world) => {
        const { sandbox } = world;
        sandbox.faults.add({
          route: 'compute.instances.aggregatedList',
          fault: { kind: 'status', status: 503 },
        });
        await assert.rejects(world.alert(alert(1.3)));
        assert.deepEqual(changesIn(sandbox), {});
        await assert.rejects(world.alert(alert(1.3)));
        assert.ok(!sandbox.billing.links.enabled(RUNAWAY));
        sandbox.faults.clear();
        await world.alert(alert(1.3));
        assert.equal(manifestsIn(sandbox)[RUNAWAY]?.rungs[0]?.status, 'done');
        assert.deepEqual(Object.values(changesIn(sandbox)), [1]);
      },
    ));

  it('reports a locked billing link each time, and never calls it unlinked', async () => {
    const scenario = budgetScenario({ projects: [{ ...RUNAWAY_PROJECT, billingLocked: true }] });
    await withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      for (let deliveries = 1; deliveries <= 2; deliveries++) {
        await world.alert(alert(1.3));
        const { decisions, failures } = lastReceipt(sandbox, BUCKET, SWITCH);
        assert.equal(decisions.find(({ action }) => action === 'unlink-billing')?.outcome, 'failed');
        assert.match(failures[0]?.error ?? '', /locked/);
        await sandbox.clock.advance(MINUTE_MS);
      }
      assert.ok(sandbox.billing.links.enabled(RUNAWAY));
      assert.equal(manifestsIn(sandbox)[RUNAWAY]?.rungs.at(-1)?.status, 'claimed');
    });
  });

  it('waits for machines that are just starting, and stops them then', async () => {
    const { vms = [], notebooks = [] } = RUNAWAY_PROJECT;
    const scenario = budgetScenario({
      projects: [{ ...RUNAWAY_PROJECT, vms: vms.slice(0, 1), notebooks: notebooks.slice(2, 3) }],
    });
    await withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      sandbox.fleet.startNotebook(`projects/${RUNAWAY}/locations/us-central1-a/instances/nb-off`);
      sandbox.fleet.stopVm(`projects/${RUNAWAY}/zones/us-central1-a/instances/vm-1`);
      await sandbox.clock.advance(MINUTE_MS);
      sandbox.fleet.startVm(`projects/${RUNAWAY}/zones/us-central1-a/instances/vm-1`);
      await world.alert(alert(1.1));
      await sandbox.clock.advance(5 * MINUTE_MS);
      assert.equal((stateOf(sandbox)['nb-off'] as { state: string }).state, 'STOPPED');
      assert.equal((stateOf(sandbox)['vm-1'] as { status: string }).status, 'TERMINATED');
    });
  });

  it('leaves a manifest that it cannot read as it is, and takes nothing away', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(0.9));
      const [, name = ''] = sandbox.storage.objectNames(BUCKET, 'manifests/');
      await world.overwrite(name, '{"version":2}');
      sandbox.callLog.clear();
      await world.alert(alert(1.3));
      assert.deepEqual(changesIn(sandbox), {});
      assert.equal(sandbox.storage.objectText(BUCKET, name), '{"version":2}');
      assert.match(
        messagesOf(world.lines, 'ERROR').join('\n'),
        /Cannot use "gs:\/\/.*ml-runaway\.json": it is no manifest/,
      );
    }));
});
