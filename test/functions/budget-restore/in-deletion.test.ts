import { describe, expect, it } from 'vitest';
import { restoreWorld, RESEARCH, stateOf } from '../../support/restore-world.ts';

let isDeleted = false;
const lab = restoreWorld(async (request, answer) => {
  const answered = await answer();
  return isDeleted && /^GET \S*cloudresourcemanager\.googleapis\.com\/v3\/projects\//.test(request)
    ? { ...(answered as object), state: 'DELETE_REQUESTED' }
    : answered;
});

const WHY = `it is in deletion, and nothing runs in it; where it should stay: gcloud projects undelete ${RESEARCH}`;

describe('a project that is in deletion', () => {
  it('is one line of plan and answer, opens no grace, and comes back whole once it is undeleted', async () => {
    isDeleted = false;
    const before = await lab.stopResources();
    const manifest = lab.manifest();
    isDeleted = true;
    const plan = await lab.restore('GET');
    expect(plan.status).toBe(200);
    expect(plan.plan).toEqual([
      { project: RESEARCH, resource: `projects/${RESEARCH}`, action: 'none', outcome: 'left', why: WHY },
    ]);
    const restored = await lab.restore();
    expect([restored.status, restored.complete]).toEqual([503, false]);
    expect(restored.results).toEqual([
      expect.objectContaining({
        resource: `projects/${RESEARCH}`,
        outcome: 'failed',
        why: `Cannot restore "${RESEARCH}": ${WHY}`,
      }),
    ]);
    expect(lab.fake.world.changes).toEqual([]);
    expect(lab.manifest().grace).toEqual(manifest.grace);
    isDeleted = false;
    expect((await lab.restore()).complete).toBe(true);
    expect(stateOf(lab.project())).toEqual(before);
  });
});
