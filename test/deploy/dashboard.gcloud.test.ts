import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { gcloudMissing } from '../sandbox/gcloud/gcloud.ts';
import { needs } from '../support/needs.ts';
import { BUCKET, LAB, OPS, REGION, SCENARIO } from './e2e/scenario.ts';
import { openSite, type Ended, type Site } from './e2e/site.ts';

const POLICY = `mode: observe
scope: [projects/${LAB}]
state: gs://${BUCKET}
watch: { metrics: true }
`;
const PLACE = ['--policy=costguard.yaml', `--project=${OPS}`, `--region=${REGION}`] as const;
const KIND = 'monitoring.projects.dashboards.';
const timeout = 1_800_000;

interface Dashboard {
  readonly name: string;
  readonly displayName: string;
  readonly etag: string;
  readonly labels: Readonly<Record<string, string>>;
}

function assertDone({ code, output }: Ended): void {
  assert.equal(code, 0, output);
}

async function dashboards(site: Site): Promise<readonly Dashboard[]> {
  const listed = await site.shell(`gcloud monitoring dashboards list --project=${OPS} --format=json`);
  assertDone(listed);
  return JSON.parse(listed.stdout) as Dashboard[];
}

/** Changes that the scripts made to dashboards since the last question. */
function changes(site: Site): readonly string[] {
  return site.writes().flatMap((id) => (id.startsWith(KIND) ? [id.slice(KIND.length)] : []));
}

/** deploy/*.sh with the real gcloud, for a policy that has metrics written. */
describe('the dashboard of spend-watch', needs(gcloudMissing(), { timeout }), () => {
  it('is made, left alone, brought up to date by its etag, and removed', { timeout }, async () => {
    const site = await openSite(SCENARIO, ['spend-watch']);
    try {
      site.policy('costguard.yaml', POLICY);
      assertDone(await site.script('deploy', ...PLACE));
      assert.deepEqual(changes(site), ['create']);
      const [made] = await dashboards(site);
      assert.equal(made?.name, `projects/${OPS}/dashboards/costguard-spend-watch`);
      assert.equal(made.labels['managed-by'], 'costguard');

      assertDone(await site.script('deploy', ...PLACE));
      assert.deepEqual(changes(site), []);

      const older = JSON.stringify({
        displayName: 'older',
        etag: made.etag,
        labels: { ...made.labels, 'costguard-content': 'older' },
        gridLayout: { widgets: [] },
      });
      assertDone(
        await site.shell(
          `gcloud monitoring dashboards update costguard-spend-watch --project=${OPS} --config='${older}'`,
        ),
      );
      assert.deepEqual(changes(site), ['patch']);
      assertDone(await site.script('deploy', ...PLACE));
      assert.deepEqual(changes(site), ['patch']);
      const [updated] = await dashboards(site);
      assert.equal(updated?.displayName, made.displayName);
      assert.deepEqual(updated.labels, made.labels);

      assertDone(await site.script('teardown', ...PLACE, '--yes'));
      assert.deepEqual(changes(site), ['delete']);
      assert.deepEqual(await dashboards(site), []);
    } finally {
      await site.close();
    }
  });
});
