import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { gcloudMissing } from '../sandbox/gcloud/gcloud.ts';
import { BUCKET, BY_HAND, FOLDER, OPS, REGION, SCENARIO } from './e2e/scenario.ts';
import { openSite, type Ended, type Site } from './e2e/site.ts';
import { snapshot } from './e2e/snapshot.ts';
import { needs } from '../support/needs.ts';

/** Between them they have every kind of thing that a deployment makes. */
const FUNCTIONS = ['budget-kill-switch', 'idle-notebook-stopper'] as const;

const POLICY = `mode: enforce
scope: [${FOLDER}]
state: gs://${BUCKET}
notebooks:
budgets: { mode: enforce, allow: [${BY_HAND}] }
`;

const CREATE = 'cloudfunctions.projects.locations.functions.create';

const missing = gcloudMissing();
const timeout = 1_800_000;

async function withSite(test: (site: Site) => Promise<void>): Promise<void> {
  const site = await openSite(SCENARIO, FUNCTIONS);
  try {
    site.policy('costguard.yaml', POLICY);
    await test(site);
  } finally {
    await site.close();
  }
}

const deploy = (site: Site): Promise<Ended> =>
  site.script('deploy', ...FUNCTIONS, '--policy=costguard.yaml', `--project=${OPS}`, `--region=${REGION}`);

/** The preflight at its end finds that the budget has no topic yet: create-budget.sh was never run. */
function assertDeployed({ code, output }: Ended): void {
  for (const name of FUNCTIONS)
    assert.match(output, new RegExp(`^${name}: started, and its subscription delivers$`, 'm'));
  assert.match(output, /^ {2}fail +budget-topic /m);
  assert.equal(code, 1, output);
}

/** deploy.sh with the real gcloud, killed with all that it started, again and again. */
describe('a deployment that is cut off', needs(missing, { timeout }), () => {
  it('after each kind of write, and run again, ends as an undisturbed one does', { timeout }, async () => {
    let undisturbed: unknown;
    const wanted = new Set<string>();
    await withSite(async (site) => {
      assertDeployed(await deploy(site));
      undisturbed = await snapshot(site);
      for (const kind of site.writes()) wanted.add(kind);
    });
    for (const kind of [
      'serviceusage.services.batchEnable',
      'iam.roles.create',
      'cloudresourcemanager.folders.setIamPolicy',
      'cloudbilling.billingAccounts.setIamPolicy',
      'run.projects.locations.services.setIamPolicy',
      'storage.buckets.insert',
      'pubsub.projects.subscriptions.patch',
      CREATE,
      'cloudscheduler.projects.locations.jobs.create',
      'monitoring.projects.alertPolicies.create',
    ])
      assert.ok(wanted.has(kind), `${kind} among ${[...wanted].join(', ')}`);

    await withSite(async (site) => {
      const kinds = new Set<string>();
      site.killAfter = (id) => {
        const isNew = !kinds.has(id);
        kinds.add(id);
        return isNew;
      };
      let cuts = 0;
      let ended = await deploy(site);
      for (; ended.code === null; ended = await deploy(site)) {
        cuts += 1;
        // What Google was told to do goes on meanwhile.
        await site.sandbox.functions.operations.idle();
      }
      assertDeployed(ended);
      assert.deepEqual([...kinds].sort(), [...wanted].sort());
      assert.equal(cuts, wanted.size);
      assert.equal(site.sandbox.callLog.calls(CREATE).length, FUNCTIONS.length, 'nothing is made twice');
      assert.deepEqual(await snapshot(site), undisturbed);
    });
  });
});
