import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import { scriptedApi } from '../../support/scripted-api.ts';
import { judgeOwnParts, listOwnParts } from '../../../shared/preflight/own-parts.ts';

const TARGET = { projectId: 'ml-target', number: '100000000002' };
const options = {
  project: 'ml-ops',
  topic: 'projects/ml-ops/topics/costguard-budget-kill-switch',
  account: 'budget-kill-switch@ml-ops.iam.gserviceaccount.com',
};

async function judge(channel: string) {
  const policy = parsePolicy(`scope: [projects/ml-target]\nnotify: {channels: [${channel}]}\n`);
  // Without a bucket in the policy nothing is requested.
  const { parts } = await listOwnParts({ options } as never, policy);
  return judgeOwnParts(TARGET, parts);
}

describe('a channel that lies in a project which may be unlinked', () => {
  it.each([
    ['a secret, by the project id', '{kind: slack, secret: projects/ml-target/secrets/hook/versions/latest}'],
    ['a secret, by its number', '{kind: webhook, secret: projects/100000000002/secrets/hook/versions/1}'],
    ['a topic', '{kind: topic, topic: projects/ml-target/topics/alerts}'],
  ])('fails: %s', async (_, channel) => {
    const { status, detail } = await judge(channel);
    expect(status).toBe('fail');
    expect(detail).toMatch(/ would go down with its billing, and no channel of it is told any more/);
  });

  it('passes in the operations project', async () => {
    const { status } = await judge('{kind: slack, secret: projects/ml-ops/secrets/hook/versions/latest}');
    expect(status).toBe('pass');
  });
});

describe('the bucket that the switch keeps its state in', () => {
  const listed = async (name: string) => {
    const { api } = scriptedApi(() => ({ name, projectNumber: TARGET.number }));
    const policy = parsePolicy('scope: [projects/ml-target]\nstate: gs://state\n');
    return listOwnParts({ api, options } as never, policy);
  };

  it('lies in the project that an answer about it names, and in none by one about another', async () => {
    const { parts, unknown } = await listed('state');
    expect(judgeOwnParts(TARGET, parts).detail).toContain('gs://state would go down');
    expect(unknown).toEqual([]);
    const other = await listed('other');
    expect(judgeOwnParts(TARGET, other.parts).status).toBe('pass');
    expect(other.unknown).toMatchObject([{ id: 'bucket-project', status: 'unknown' }]);
  });
});
