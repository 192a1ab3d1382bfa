import { describe, expect, it } from 'vitest';
import type { RestoreAnswer } from '../../support/budget-lab.ts';
import { BUDGET, objectOf, PERIOD, RESEARCH, restoreWorld } from '../../support/restore-world.ts';

const lab = restoreWorld();

interface Listed {
  readonly manifests: readonly {
    readonly budget: string;
    readonly period: string;
    readonly project: string;
    readonly restorable: readonly {
      readonly resource: string;
      readonly action: string;
      readonly at: string;
    }[];
  }[];
  readonly unread: readonly { readonly why: string }[];
}

async function list(request: Readonly<Record<string, string>> = {}): Promise<Listed & RestoreAnswer> {
  return (await lab.restore('GET', request)) as unknown as Listed & RestoreAnswer;
}

describe('GET without a period', () => {
  it('lists by budget, period and project what can be restored, and when it was taken away', async () => {
    await lab.stopResources();
    const { status, manifests } = await list();
    expect(status).toBe(200);
    expect(manifests.map(({ budget, period, project }) => [budget, period, project])).toEqual([
      [BUDGET, PERIOD, RESEARCH],
      [BUDGET, PERIOD, 'ml-speech'],
    ]);
    expect(manifests[0]?.restorable[0]).toEqual({
      resource: `projects/${RESEARCH}`,
      action: 'relink',
      at: '2026-11-30T20:00:00.000Z',
    });
    expect(manifests[0]?.restorable.map(({ action }) => action)).toContain('deploy');
    expect(lab.fake.world.changes).toEqual([]);
  });

  it('of one budget or project, and nothing of what is back', async () => {
    await lab.stopResources();
    expect((await list({ budget: BUDGET, project: 'ml-speech' })).manifests).toHaveLength(1);
    expect((await list({ budget: `${BUDGET}x` })).manifests).toEqual([]);
    await lab.restore();
    expect((await list()).manifests.map(({ project }) => project)).toEqual(['ml-speech']);
  });

  it('names what cannot be read, beside the others', async () => {
    await lab.stopResources();
    lab.fake.world.objects.set(objectOf('ml-speech'), { text: '{"version": 1}', generation: 9 });
    const { manifests, unread } = await list();
    expect(manifests.map(({ project }) => project)).toEqual([RESEARCH]);
    expect(unread[0]?.why).toMatch(/it is no manifest of this version/);
  });

  it('refuses a budget that is none, and a POST without a period', async () => {
    expect((await list({ budget: 'x' })).error).toMatch(/budget/);
    expect((await lab.restore('POST', { budget: BUDGET })).error).toMatch(/period/);
  });
});
