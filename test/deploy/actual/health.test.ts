import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { withBench, type DeployBench } from '../commands/bench.ts';

/** Changes the subscription that Eventarc made for the switch. */
function switchSubscription({ gcloud }: DeployBench): Record<string, unknown> {
  const [, found] = [...gcloud.world.subscriptions].find(([id]) => id.includes('kill-switch')) ?? [];
  return found ?? {};
}

const cases: readonly {
  readonly name: string;
  readonly change: (bench: DeployBench) => void;
  readonly says: RegExp;
  readonly code: 0 | 1;
}[] = [
  {
    name: 'all that can be called answer',
    change: () => undefined,
    says: /^egress-auditor: answers$/m,
    code: 0,
  },
  {
    name: 'a subscription delivers',
    change: () => undefined,
    says: /^budget-kill-switch: started, and its subscription delivers$/m,
    code: 0,
  },
  {
    name: 'a container does not start',
    change: ({ gcloud }) => void gcloud.world.broken.add('lifecycle-enforcer'),
    says: /^lifecycle-enforcer: DOES NOT ANSWER, its container did not start\n {4}gcloud functions logs read/m,
    code: 1,
  },
  {
    name: 'a subscription cannot push',
    change: (bench) => void (switchSubscription(bench)['state'] = 'RESOURCE_ERROR'),
    says: /^budget-kill-switch: HEARS NOTHING, its subscription is in state RESOURCE_ERROR$/m,
    code: 1,
  },
  {
    name: 'a function answers with an error',
    change: (bench) => void (bench.probeFunction = async () => ({ status: 500, allow: null })),
    says: /^egress-auditor: DOES NOT ANSWER, a request to it ends in HTTP 500$/m,
    code: 1,
  },
  {
    name: 'something else than the function answers',
    change: (bench) => void (bench.probeFunction = async () => ({ status: 404, allow: null })),
    says: /^budget-restore: DOES NOT ANSWER, a request to it ends in HTTP 404$/m,
    code: 1,
  },
  {
    name: 'who deploys may not call',
    change: (bench) => void (bench.probeFunction = async () => ({ status: 403, allow: null })),
    says: /^budget-restore: started, and was not requested: you may not call it/m,
    code: 0,
  },
  {
    name: 'gcloud has no identity token',
    change: ({ gcloud }) => {
      gcloud.identityToken = () => {
        throw new Error('No identity token can be obtained from the current credentials.');
      };
    },
    says: /^budget-restore: started, and was not requested: gcloud has no identity token/m,
    code: 0,
  },
  {
    name: 'a service account deploys, whose tokens are for one audience',
    change: (bench) => {
      bench.gcloud.identityToken = (audience = 'gcloud') => `for ${audience}`;
      bench.probeFunction = async (url, token) =>
        token === `for ${url}` ? { status: 405, allow: 'GET' } : { status: 401, allow: null };
    },
    says: /^budget-restore: answers$/m,
    code: 0,
  },
  {
    name: 'the way to the functions is closed',
    change: (bench) => void (bench.probeFunction = () => Promise.reject(new Error('fetch failed'))),
    says: /^budget-restore: started, and was not requested: https:\S+ cannot be reached from here \(fetch failed\)$/m,
    code: 0,
  },
];

describe('the check that functions answer', () => {
  for (const { name, change, says, code } of cases)
    it(`says so where ${name}`, async () =>
      withBench(async (bench) => {
        assert.equal(await deployCommand(bench.place, bench.tools), 0);
        bench.printed();
        change(bench);
        assert.equal(await deployCommand(bench.place, bench.tools), code);
        assert.match(bench.printed().out, says);
        assert.equal(await doctorCommand(bench.place, bench.tools), code);
      }));
});
