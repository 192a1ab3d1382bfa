import { describe, expect, it } from 'vitest';
import { judgeProject } from '../../../functions/guardrail-audit/decide.ts';
import type { Look } from '../../../functions/guardrail-audit/gather/attempt.ts';
import { policiesOnce, readInherited } from '../../../functions/guardrail-audit/gather/inherited.ts';
import { whole } from '../../../functions/guardrail-audit/reading.ts';
import { refuse, scriptedApi, type Script } from '../../support/scripted-api.ts';
import { clean, config, NOW, PROJECT } from '../../support/guardrail-facts.ts';

const EDITOR = { role: 'roles/editor', members: ['user:ada@example.com'] };

/** Below folders/21, folders/20 and organizations/30; the folder's policy has an editor. */
const google: Script = ({ target }) => {
  const above = [
    ['project', 'p'],
    ['folder', '21'],
    ['folder', '20'],
    ['organization', '30'],
  ];
  if (target.endsWith(':getAncestry'))
    return { ancestor: above.map(([type, id]) => ({ resourceId: { type, id } })) };
  return target.endsWith('folders/20:getIamPolicy') ? { bindings: [EDITOR] } : {};
};

function lookBy(script: Script) {
  const { api, requested } = scriptedApi(script);
  const look = (projectId: string): Look => ({
    ...{ api, projectId, now: NOW, digestOf: String, failed: () => undefined },
  });
  return { look, requested };
}

describe('readInherited', () => {
  it('reads the policies above two projects, each once', async () => {
    const { look, requested } = lookBy(google);
    const read = policiesOnce();
    const found = { ...EDITOR, conditional: false, from: 'folders/20' };
    expect(await readInherited(look('p'), read)).toEqual(whole([found]));
    expect(await readInherited(look('q'), read)).toEqual(whole([found]));
    const policies = requested.filter(({ target }) => target.endsWith(':getIamPolicy'));
    expect(policies.map(({ target }) => target.replace(/^.*\/v3\//, ''))).toEqual([
      'folders/21:getIamPolicy',
      'folders/20:getIamPolicy',
      'organizations/30:getIamPolicy',
    ]);
  });

  it('reads no policy for a project without an organization', async () => {
    const { look } = lookBy(() => ({ ancestor: [{ resourceId: { type: 'project', id: 'p' } }] }));
    expect(await readInherited(look('p'), policiesOnce())).toEqual(whole([]));
  });

  it.each(['folders/20', 'organizations/30'])(
    'names the permission where the policy of %s may not be read, and keeps the others',
    async (denied) => {
      const { look } = lookBy((sent) =>
        sent.target.endsWith(`${denied}:getIamPolicy`) ? refuse(403) : google(sent),
      );
      const reading = await readInherited(look('p'), policiesOnce());
      const permission = `resourcemanager.${denied.split('/')[0] ?? ''}.getIamPolicy`;
      expect(reading).toMatchObject({ gaps: [expect.stringContaining(`grant ${permission} on ${denied}`)] });
      expect(reading).toMatchObject({ value: denied === 'folders/20' ? [] : [{ from: 'folders/20' }] });
    },
  );
});

describe('a role that a project inherits', () => {
  it.each([
    ['folders/20', 'gcloud resource-manager folders remove-iam-policy-binding 20 '],
    ['organizations/30', 'gcloud organizations remove-iam-policy-binding 30 '],
  ])('is told with %s, which the command takes it from', (from, command) => {
    const inherited = whole([{ ...EDITOR, conditional: false, from }]);
    const outcomes = judgeProject({ ...clean, inherited }, config, NOW);
    expect(outcomes.find(({ rule }) => rule === 'basic-role')?.found).toEqual([
      {
        resource: `projects/${PROJECT}`,
        place: `${from}/roles/editor/user:ada@example.com`,
        detail: `user:ada@example.com has the basic role roles/editor on the whole project, inherited from ${from}`,
        evidence: {
          role: 'roles/editor',
          member: 'user:ada@example.com',
          conditional: false,
          inheritedFrom: from,
        },
        commands: [`${command}--member=user:ada@example.com --role=roles/editor --all`],
      },
    ]);
  });
});
