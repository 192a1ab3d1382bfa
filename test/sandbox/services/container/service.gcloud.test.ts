import { describe, expect, it } from 'vitest';
import { needs } from '../../../support/needs.ts';
import { PROVISIONING } from '../../../support/every-kind.ts';
import { OWNER, useSandbox } from '../../../support/use-sandbox.ts';
import { createGcloud, gcloudMissing } from '../../gcloud/gcloud.ts';

const CLUSTER = 'locations/us-central1/clusters/demo';

describe('Google Kubernetes Engine v1 as gcloud calls it', needs(gcloudMissing()), () => {
  const { sandbox } = useSandbox({
    projects: [
      {
        id: 'lab',
        number: '1',
        resources: [{ service: 'container', path: CLUSTER, body: { autoscaling: PROVISIONING } }],
      },
    ],
  });

  it('takes what it sends to switch node auto-provisioning off', async () => {
    const gcloud = createGcloud(sandbox(), OWNER);
    const { code, stderr } = await gcloud(
      'container clusters update demo --no-enable-autoprovisioning --async',
      '--location=us-central1',
      '--project=lab',
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const [sent] = sandbox()
      .callLog.calls()
      .filter(({ id }) => id.endsWith('clusters.update'));
    const { update } = JSON.parse(sent?.body ?? '{}') as {
      update: { desiredClusterAutoscaling: Record<string, unknown> };
    };
    expect(update.desiredClusterAutoscaling).toMatchObject({ enableNodeAutoprovisioning: false });
    expect(update.desiredClusterAutoscaling['resourceLimits'] ?? []).toEqual([]);
    expect(sandbox().store.get('lab', 'container', CLUSTER).body['autoscaling']).toMatchObject({
      enableNodeAutoprovisioning: false,
    });
  });
});
