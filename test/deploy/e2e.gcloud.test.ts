import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { EstimateReport } from '../../functions/cost-estimator/decide.ts';
import { gcloudMissing } from '../sandbox/gcloud/gcloud.ts';
import { readmeCommands } from './e2e/read-me.ts';
import {
  ACCOUNT,
  BUCKET,
  BY_HAND,
  LAB,
  OPS,
  ORGANIZATION,
  policyWith,
  PRODUCTION_OPS,
  PRODUCTION_POLICY,
  REGION,
  RUNAWAY,
  SCENARIO,
} from './e2e/scenario.ts';
import { openSite, type Ended, type Site } from './e2e/site.ts';
import { snapshot } from './e2e/snapshot.ts';
import { contradictions } from '../support/witness.ts';
import { nextCall } from '../support/hooks.ts';
import { needs } from '../support/needs.ts';

const PLACE = ['--policy=costguard.yaml', `--project=${OPS}`, `--region=${REGION}`] as const;
const FIRST = ['budget-kill-switch', 'idle-notebook-stopper'] as const;
const EVERY = [...FIRST, 'budget-restore', 'cost-estimator', 'egress-auditor', 'lifecycle-enforcer'].sort();
const BUDGET = ['--policy=costguard.yaml', `--project=${OPS}`, `--billing-account=${ACCOUNT}`] as const;
const FORGOTTEN = `projects/${LAB}/locations/us-central1-c/instances/forgotten`;
const SWEEP = `projects/${RUNAWAY}/locations/us-central1-a/instances/sweep`;
const STOP = 'notebooks.projects.locations.instances.stop';
const START = 'notebooks.projects.locations.instances.start';
const CREATE = 'cloudfunctions.projects.locations.functions.create';
const PATCH = 'cloudfunctions.projects.locations.functions.patch';

const missing = gcloudMissing();
/** Some hundred starts of gcloud a script, each of a tenth of a second or so on an idle machine. */
const timeout = 1_800_000;

function assertDone({ code, output }: Ended): void {
  assert.equal(code, 0, output);
}

/** deploy/*.sh with the real gcloud, from two empty projects to functions that do their work, and back to nothing. */
describe('the deployment, end to end', needs(missing, { timeout }), () => {
  let site: Site;
  let budget = '';

  beforeAll(async () => {
    site = await openSite(SCENARIO);
  });
  afterAll(async () => {
    await site.close();
  });

  const notebook = (name: string): string | undefined => site.sandbox.fleet.notebooks.get(name)?.state;
  const advance = async (minutes: number): Promise<void> => {
    await site.sandbox.clock.advance(minutes * 60_000);
    await site.sandbox.pubsub.idle();
  };
  const run = async (command: string, account?: string): Promise<string> => {
    const variables = account === undefined ? {} : site.sandbox.signedInEnvironment(account);
    const ended = await site.shell(command, { CLOUDSDK_CORE_PROJECT: OPS, ...variables });
    assertDone(ended);
    return ended.stdout;
  };

  /** The README's two commands to run a function by hand: a message to it, and what it then logged. */
  const publishAndRead = async (
    name: string,
    replacements: readonly (readonly [string, string])[],
  ): Promise<string> => {
    const commands = readmeCommands(name, 'gcloud pubsub topics publish', [
      ['OPS', OPS],
      ['REGION', REGION],
      ...replacements,
    ]);
    const [publish = '', read = ''] = commands.split(/\n(?=gcloud functions logs read)/);
    await run(publish);
    await site.sandbox.pubsub.idle();
    return run(read);
  };

  it('makes the budget of the switch, takes over one that is there, and makes no second one', async () => {
    site.policy('costguard.yaml', policyWith({}));
    const create = [...BUDGET, '--amount=500USD', `--target=${RUNAWAY}`];
    const made = await site.script('create-budget', ...create);
    assertDone(made);
    budget = /allow: \[(.*)\]/.exec(made.output)?.[1] ?? '';
    assert.ok(site.writes().includes('billingbudgets.billingAccounts.budgets.create'));

    const adopt = [...BUDGET, '--name=by hand', `--target=${LAB}`];
    assertDone(await site.script('create-budget', ...adopt));
    assert.deepEqual(site.writes(), ['billingbudgets.billingAccounts.budgets.patch']);

    for (const again of [create, adopt]) assertDone(await site.script('create-budget', ...again));
    assert.deepEqual(site.writes(), []);
    const listed = await run(`gcloud billing budgets list --billing-account=${ACCOUNT} --format=json`);
    const topic = `projects/${OPS}/topics/costguard-budget-kill-switch`;
    assert.deepEqual(
      (JSON.parse(listed) as Budget[])
        .map(({ name, notificationsRule, thresholdRules }) => [
          name,
          notificationsRule?.pubsubTopic,
          thresholdRules.length,
        ])
        .sort(),
      [
        [budget, topic, 8],
        // Two for each of its rungs, beside the one that it had.
        [BY_HAND, topic, 9],
      ].sort(),
    );
  });

  it('deploys the functions that are named, with roles of the organization where the scope is a folder', async () => {
    site.policy('costguard.yaml', policyWith({ allow: [BY_HAND] }));
    const done = await site.script('deploy', ...FIRST, ...PLACE);
    assertDone(done);
    for (const name of FIRST)
      assert.match(done.output, new RegExp(`^${name}: started, and its subscription delivers$`, 'm'));
    // The organization's role on the billing account has what unlinking may take there.
    assert.match(done.output, /^\d+ pass, 0 warn, 0 fail, \d+ could not check$/m, 'the preflight');
    const billing = site.sandbox.roles.get(
      `${ORGANIZATION}/roles/costguardBudgetKillSwitchBilling_ml_ops_example`,
    );
    assert.deepEqual(billing.includedPermissions, [
      'billing.accounts.get',
      'billing.budgets.get',
      'billing.resourceAssociations.delete',
    ]);
    const driven = site.sandbox.pubsub
      .subscriptions(`projects/${OPS}`)
      .filter(({ name }) => name.includes('/eventarc-'));
    assert.deepEqual(
      driven.map(({ messageRetentionDuration, expirationPolicy }) => [
        messageRetentionDuration,
        expirationPolicy,
      ]),
      FIRST.map(() => ['604800s', {}]),
      'messages outlive a long weekend',
    );
  });

  it('deploys the rest, and again only the function that reads what changed in the policy', async () => {
    for (const person of PEOPLE)
      site.sandbox.iam.bind({
        member: person,
        role: 'roles/cloudfunctions.viewer',
        permissions: ['cloudfunctions.functions.get'],
        on: `projects/${OPS}`,
      });
    const channel = await run(
      `gcloud beta monitoring channels create --display-name=ml-ops --type=email --channel-labels=email_address=ml-ops@example.com --format='value(name)'`,
    );
    site.policy('costguard.yaml', policyWith({ allow: [BY_HAND, budget] }));
    site.writes();
    const done = await site.script(
      'deploy',
      ...PLACE,
      '--invoker=user:ada@example.com',
      '--invoker=user:owner@example.com',
      `--alert-channel=${channel.trim()}`,
    );
    assertDone(done);
    for (const name of ['budget-restore', 'cost-estimator', 'egress-auditor'])
      assert.match(done.output, new RegExp(`^${name}: answers$`, 'm'));
    const writes = site.writes();
    assert.equal(writes.filter((id) => id === CREATE).length, 4);
    assert.equal(writes.filter((id) => id === PATCH).length, 1);
    assert.ok(writes.includes('monitoring.projects.alertPolicies.patch'), 'the alert tells the channel');
    assert.deepEqual(
      site.sandbox.functions.all.map(({ id, revision, state }) => [id, revision, state]).sort(),
      EVERY.map((id) => [id, id === 'budget-kill-switch' ? 2 : 1, 'ACTIVE']),
    );
  });

  it('changes nothing when all is as it should be', async () => {
    const again = await site.script('deploy', ...PLACE);
    assertDone(again);
    assert.match(again.output, /Nothing to do/);
    assert.deepEqual(site.writes(), []);
  });

  it('stops an idle notebook at the next tick, with what gcloud bound and nothing more', async () => {
    const role = `${ORGANIZATION}/roles/costguardIdleNotebookStopper_ml_ops_example`;
    const { roles, callLog, storage } = site.sandbox;
    const whole = roles.get(role).includedPermissions;
    const without = whole.filter((permission) => permission !== 'notebooks.instances.stop');
    assert.equal(without.length, whole.length - 1);
    roles.update(role, { includedPermissions: without }, undefined);
    await advance(6);
    assert.deepEqual(
      callLog.calls(STOP).map(({ status }) => status),
      [403],
    );
    assert.equal(notebook(FORGOTTEN), 'ACTIVE');

    roles.update(role, { includedPermissions: whole }, undefined);
    await advance(10);
    assert.notEqual(notebook(FORGOTTEN), 'ACTIVE');
    const stop = callLog.calls(STOP).at(-1);
    assert.deepEqual(
      [stop?.principal, stop?.status],
      [`idle-notebook-stopper@${OPS}.iam.gserviceaccount.com`, 200],
    );
    assert.ok(storage.objectNames(BUCKET, 'receipts/idle-notebook-stopper/').length > 0, 'a receipt');
    assert.equal(notebook(SWEEP), 'ACTIVE', 'one that works is kept');
  });

  it('puts lifecycle rules in force when it is run by hand, as its README says', async () => {
    const log = await publishAndRead('lifecycle-enforcer', []);
    assert.match(log, new RegExp(`^N(?:OTICE)? +lifecycle-enforcer .*patch \\(done\\).*${EXPERIMENTS}`, 'm'));
    const bucket = site.sandbox.storage.snapshot().buckets.find(({ name }) => name === EXPERIMENTS);
    assert.deepEqual(bucket?.lifecycle, {
      rule: [{ action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } }],
    });
  });

  it('lets the switch act on a budget message, and the commands of the READMEs undo it', async () => {
    const { data } = site.sandbox.billingClock.statusOf(budget);
    const period = String(data['costIntervalStart']);
    const log = await publishAndRead('budget-kill-switch', [
      ['billingAccountId=ACCOUNT', `billingAccountId=${ACCOUNT}`],
      ['budgetId=BUDGET', `budgetId=${budget.split('/').at(-1) ?? ''}`],
      ['2026-11-01T07:00:00Z', period],
    ]);
    assert.match(log, /^I +budget-kill-switch .*heartbeat/m);
    assert.equal(notebook(SWEEP), 'ACTIVE');

    // The command's cost was far below the true one, which takes two messages to believe (budgets.jump).
    site.sandbox.billingClock.emitNow(budget);
    await site.sandbox.pubsub.idle();
    await advance(16);
    assert.equal(notebook(SWEEP), 'ACTIVE');
    site.sandbox.billingClock.emitNow(budget);
    await site.sandbox.pubsub.idle();
    await advance(3);
    assert.equal(notebook(SWEEP), 'STOPPED');
    assert.equal(
      site.sandbox.callLog.calls(STOP).at(-1)?.principal,
      `budget-kill-switch@${OPS}.iam.gserviceaccount.com`,
    );

    const restore = readmeCommands('budget-restore', 'URL=', [
      ['REGION', REGION],
      ['OPS', OPS],
      ['billingAccounts/01D4EE-079462-DFD6EC/budgets/de72f49d-779b-4945-a127-4d6ce8def0bb', budget],
      ['2026-11-01', period.slice(0, 10)],
    ]);
    // It answers once the notebook is up: the sandbox's time goes on meanwhile.
    const requested = nextCall(site.sandbox, ({ id }) => id === START);
    const restored = run(restore, 'ada@example.com');
    await Promise.race([requested, restored]);
    await advance(5);
    // The plan and what came of it.
    assert.match(await restored, /"planned"[^]*"done"/);
    assert.equal(notebook(SWEEP), 'ACTIVE');
    const call = `gcloud functions call budget-restore --gen2 --region=${REGION} --data='{"budget": "${budget}", "period": "${period.slice(0, 10)}"}'`;
    assert.match(await run(call, 'ada@example.com'), /"outcome":"left","why":"it\s+was brought back before"/);
  });

  it('answers the invokers, and no one else', async () => {
    const audit = readmeCommands('egress-auditor', 'URL=', [
      ['REGION', REGION],
      ['OPS', OPS],
      ['ml-research', LAB],
    ]);
    const report = JSON.parse(await run(audit, 'ada@example.com')) as { project: string };
    assert.equal(report.project, LAB);

    const url = `$(gcloud functions describe egress-auditor --gen2 --region=${REGION} --format='value(serviceConfig.uri)')`;
    const ask = (token: string): string =>
      `URL=${url}; TOKEN=${token}; curl -sS -o /dev/null -w '%{http_code}' \${TOKEN:+-H "Authorization: Bearer $TOKEN"} "$URL?project=${LAB}"`;
    const mine = '$(gcloud auth print-identity-token)';
    assert.equal(await run(ask('')), '403', 'without a token');
    assert.equal(await run(ask('made-up')), '401', 'with a token that was not issued');
    assert.equal(await run(ask(mine), 'eve@example.com'), '403', 'a user who is no invoker');
    const trigger = `costguard-trigger@${OPS}.iam.gserviceaccount.com`;
    const impersonated = `$(gcloud auth print-identity-token --impersonate-service-account=${trigger} --audiences="$URL")`;
    assert.equal(await run(ask(impersonated)), '403', 'an account that may call other functions');
    assert.equal(site.sandbox.callLog.calls('run.invoke').at(-1)?.principal, trigger);
    assert.equal(await run(ask(mine), 'ada@example.com'), '200', 'an invoker');
  });

  it('prices a run before it starts, as its README says, and calls nothing but the bucket of its receipts', async () => {
    const { callLog, storage } = site.sandbox;
    const before = callLog.calls().length;
    const command = readmeCommands('cost-estimator', 'URL=', [
      ['REGION', REGION],
      ['OPS', OPS],
    ]);
    const estimate = JSON.parse(await run(command, 'ada@example.com')) as EstimateReport;
    const { perRun } = estimate.chosen.totals;
    // n1-standard-8 with two T4 and 500 GB for a day.
    assert.equal(perRun.usd === 'unpriced' ? perRun.why : perRun.usd.low.toFixed(2), '26.25');
    assert.match(estimate.oldPrices ?? '', /^Price books older than 90 days: /);
    const own = `cost-estimator@${OPS}.iam.gserviceaccount.com`;
    const called = callLog
      .calls()
      .slice(before)
      .filter(({ principal }) => principal === own);
    assert.deepEqual(
      [...new Set(called.map(({ host }) => host))],
      ['storage.googleapis.com', 'pubsub.googleapis.com'],
    );
    assert.equal(storage.objectNames(BUCKET, 'receipts/cost-estimator/').length, 1);
  });

  it('tells how they are, from their runtime to their last run', async () => {
    site.writes();
    const told = await site.script('doctor', ...PLACE);
    assertDone(told);
    assert.match(told.output, /^All is well\.$/m);
    assert.match(told.output, /^egress-auditor +answers +nodejs\d+ until \d{4}/m);
    assert.match(told.output, /^budget-kill-switch +started, and its subscription delivers .*"costguard"/m);
    assert.deepEqual(site.writes(), []);
  });

  it('runs the stopper by hand, and keeps its schedule from running it, as its README says', async () => {
    const log = await publishAndRead('idle-notebook-stopper', []);
    assert.match(log, new RegExp(`^I(?:NFO)? +idle-notebook-stopper .*${LAB} \\(enforce\\).*kept`, 'm'));

    const runs = (): number =>
      site.sandbox.storage.objectNames(BUCKET, 'receipts/idle-notebook-stopper/').length;
    const job = async (verb: 'run' | 'pause'): Promise<void> => {
      const place = [['OPS', OPS], ['REGION', REGION]] as const; // prettier-ignore
      await run(readmeCommands('idle-notebook-stopper', `gcloud scheduler jobs ${verb}`, place));
      await site.sandbox.pubsub.idle();
    };
    const before = runs();
    await job('run');
    const whole = runs();
    assert.ok(whole > before, 'a whole run at once');
    await job('pause');
    await advance(11);
    assert.equal(runs(), whole, 'no run while it is paused');
    await run(
      `gcloud scheduler jobs resume costguard-idle-notebook-stopper --location=${REGION} --project=${OPS}`,
    );
    await advance(11);
    assert.ok(runs() > whole);
  });

  it('brings to production what ran in staging', async () => {
    site.policy('production.yaml', PRODUCTION_POLICY);
    const promoted = await site.script(
      'promote',
      'idle-notebook-stopper',
      '--from=costguard.yaml',
      `--staging=${OPS}`,
      '--policy=production.yaml',
      `--project=${PRODUCTION_OPS}`,
      `--region=${REGION}`,
    );
    assertDone(promoted);
    assert.match(promoted.output, /Staging has proved itself/);
    assert.deepEqual(
      site.sandbox.functions.all.filter(({ projectId }) => projectId === PRODUCTION_OPS).map(({ id }) => id),
      ['idle-notebook-stopper'],
    );
  });

  it('is taken away whole: but for the state bucket, or with it', async () => {
    site.sandbox.iam.unbind(({ member, role }) => PEOPLE.includes(member) && role.endsWith('.viewer'));
    const held = rightsOf(site, PRODUCTION_OPS);
    const refused = await site.script('teardown', ...PLACE, '--yes');
    assert.equal(refused.code, 1);
    assert.match(refused.output, new RegExp(`would go, and .*${budget}.* notify it`));
    const gone = await site.script('teardown', ...PLACE, '--yes', '--disconnect-budgets');
    assertDone(gone);
    const listed = await run(`gcloud billing budgets list --billing-account=${ACCOUNT} --format=json`);
    for (const { notificationsRule } of JSON.parse(listed) as Budget[])
      assert.equal(notificationsRule?.pubsubTopic ?? '', '');
    assert.match(
      gone.output,
      new RegExp(`^# Lifecycle rules .*stay on 1 buckets .*gs://${EXPERIMENTS}$`, 'm'),
    );
    assert.ok(held.some((line) => line.includes('notebooks.instances.stop')));
    assert.deepEqual(
      rightsOf(site, PRODUCTION_OPS),
      held,
      'production in the same organization keeps its rights',
    );
    assert.ok(site.sandbox.storage.bucket(BUCKET) !== undefined, 'the state bucket stays');
    assertDone(await site.script('teardown', ...PLACE, '--yes', '--delete-state'));
    assert.equal(site.sandbox.storage.bucket(BUCKET), undefined);
    const production = [
      '--policy=production.yaml',
      `--project=${PRODUCTION_OPS}`,
      `--region=${REGION}`,
      '--yes',
      '--delete-state',
    ];
    assertDone(await site.script('teardown', ...production));
    const left = await snapshot(site);
    assert.deepEqual(left, {
      ...EMPTY,
      // Other things may use what was enabled.
      apis: (left as { apis: unknown }).apis,
      bindings: [`${ORGANIZATION} roles/owner owner@example.com`],
    });
    assert.equal(site.sandbox.functions.all.length, 0);
    assert.deepEqual(site.sandbox.accounts.of(PRODUCTION_OPS), []);
  });

  it('requested nothing that the sandbox does not serve', () => {
    assert.deepEqual(
      site.sandbox.callLog.calls('unknown:*').map(({ id }) => id),
      [],
    );
    assert.deepEqual(contradictions(site.sandbox.callLog.calls()), [], "against Google's discovery data");
    const refused = site.sandbox.callLog.calls().filter(({ status }) => status === 400 || status >= 500);
    assert.deepEqual(
      refused.map(({ status, id }) => `${status} ${id}`),
      [],
    );
  });
});

interface Budget {
  readonly name: string;
  readonly notificationsRule?: { readonly pubsubTopic?: string };
  readonly thresholdRules: readonly object[];
}

/** What the accounts of an operations project may do, one line for each permission. */
function rightsOf({ sandbox }: Site, project: string): readonly string[] {
  return sandbox.iam.bindings
    .filter(({ member }) => member.endsWith(`@${project}.iam.gserviceaccount.com`))
    .flatMap(({ member, on, permissions }) =>
      permissions === 'all' ? [] : permissions.map((permission) => `${member} ${on} ${permission}`),
    )
    .sort();
}

/** One may call the functions with an HTTP trigger, one may not; both may look up their addresses. */
const PEOPLE: readonly string[] = ['ada@example.com', 'eve@example.com'];

const EXPERIMENTS = 'ml-research-experiments';

const EMPTY = {
  accounts: [],
  alerts: [],
  bucket: [],
  functions: [],
  jobs: [],
  roles: [],
  subscriptions: [],
  topics: [],
};
