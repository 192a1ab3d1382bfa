import { describe, expect, it } from 'vitest';
import { grant } from '../../../deploy/plan/grants.ts';
import { accessOf } from '../../../deploy/desired/access.ts';
import { readFunctions } from '../../../deploy/desired/settings.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';

const functions = await readFunctions();

const policyOf = (notify: string) => parsePolicy(`scope: [projects/ml-dev]\nnotebooks:\n${notify}`);

function channelsOf(name: string, notify: string) {
  const fn = functions.find((one) => one.name === name);
  if (fn === undefined) throw new Error(`no ${name}`);
  return accessOf({ project: 'ml-ops', policy: policyOf(notify) }, fn, () => undefined)
    .filter(({ on }) => /^(?:secrets|topics)\//.test(on))
    .map(({ on, roleName }) => `${roleName} on ${on}`);
}

const NOTIFY = `notify:
  channels:
    - {kind: slack, secret: projects/ml-ops/secrets/slack/versions/latest}
    - {kind: teams, secret: projects/ml-it/secrets/teams/versions/3}
    - {kind: topic, topic: projects/ml-ops/topics/notices}
    - {kind: topic, topic: projects/elsewhere/topics/theirs}
`;

describe('accessOf: channels', () => {
  it.each(['idle-notebook-stopper', 'budget-kill-switch', 'guardrail-audit'])(
    'lets %s read just the secrets, and publish',
    (name) => {
      expect(channelsOf(name, NOTIFY)).toEqual([
        'roles/secretmanager.secretAccessor on secrets/ml-ops/slack',
        'roles/secretmanager.secretAccessor on secrets/ml-it/teams',
        'roles/pubsub.publisher on topics/notices',
      ]);
    },
  );

  it('grants nothing without channels, nor to a function that sends no message', () => {
    expect(channelsOf('idle-notebook-stopper', '')).toEqual([]);
    expect(channelsOf('lifecycle-enforcer', NOTIFY)).toEqual([]);
  });

  it('binds on the secret in its own project', () => {
    const binding = { role: 'roles/secretmanager.secretAccessor', member: 'serviceAccount:a@b' };
    const [step] = grant(
      { bindings: new Map() },
      { project: 'ml-ops', region: 'r' },
      'secrets/ml-it/teams',
      binding,
      '',
    );
    expect(step?.args).toEqual([
      ...['secrets', 'add-iam-policy-binding', 'teams', '--member=serviceAccount:a@b'],
      ...['--role=roles/secretmanager.secretAccessor', '--condition=None', '--project=ml-it'],
    ]);
  });
});
