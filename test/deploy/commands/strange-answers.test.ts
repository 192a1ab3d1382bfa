import { describe, expect, it } from 'vitest';
import { createBudgetCommand } from '../../../deploy/commands/create-budget.ts';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import type { Tools } from '../../../deploy/commands/command.ts';
import { withBench, type DeployBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';

/** The tools, with one item put in front of what a list command prints. */
function withItem(bench: DeployBench, command: string, item: unknown): Tools {
  return {
    ...bench.tools,
    gcloud: async (args) => {
      const answer = await bench.tools.gcloud(args);
      if (!args.join(' ').startsWith(command)) return answer;
      const list = JSON.parse(answer.stdout) as readonly unknown[];
      return { ...answer, stdout: JSON.stringify([item, ...list]) };
    },
  };
}

/** Lists of gcloud, each with an item that is none of costguard's and has another form than known. */
const FOREIGN: readonly (readonly [command: string, item: unknown, path: string])[] = [
  ['services list', { config: { name: 7 } }, '[0].config.name: it is 7'],
  ['iam service-accounts list', { email: 7 }, '[0].email: it is 7'],
  ['pubsub topics list', { name: 'projects/p/topics/theirs', labels: { a: 7 } }, '[0].labels.a: it is 7'],
  ['pubsub subscriptions list', { name: 'projects/p/subscriptions/theirs' }, '[0].topic: it is missing'],
  ['functions list', { name: 'projects/p/locations/l/functions/theirs', state: 7 }, '[0].state: it is 7'],
  ['eventarc triggers list', 7, '[0]: it is 7'],
  ['scheduler jobs list', { name: 7 }, '[0].name: it is 7'],
  ['alpha monitoring policies list', { name: 'p', conditions: 7 }, '[0].conditions: it is 7'],
  ['iam roles list', { title: 'a role without a name' }, '[0].name: it is missing'],
];

describe('one strange item of a list that gcloud prints', () => {
  for (const [command, item, path] of FOREIGN)
    it(`${command}: is named with its path and value, and the rest is examined, deployed and torn down`, () =>
      withBench(async (bench) => {
        const tools = withItem(bench, command, item);
        await deployCommand(bench.place, bench.tools);
        bench.printed();
        const code = await deployCommand(bench.place, tools);
        const deployed = bench.printed();
        expect(code, deployed.err).toBe(0);
        expect(deployed.out).toContain(`# Left out of the plan: "gcloud ${command} `);
        expect(deployed.out).toContain(path);
        expect(deployed.out).toContain('Nothing to do: all is as it should be.');
        expect(await doctorCommand(bench.place, tools)).toBe(1);
        expect(bench.printed().out).toMatch(/Not looked at: "gcloud .* in another form than expected/);
        expect(await teardownCommand([...bench.place, '--yes'], tools)).toBe(0);
        expect(bench.printed().out).toContain(path);
        expect(bench.gcloud.world.functions.size).toBe(0);
      }));

  it('which is one of costguard: deploy changes nothing and says so, teardown removes the rest and ends with 1', () =>
    withBench(async (bench) => {
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      bench.printed();
      const name = `projects/${OPS}/locations/us-central1/functions/lifecycle-enforcer`;
      const tools = withItem(bench, 'functions list', { name, state: 7 });
      bench.gcloud.world.functions.delete('lifecycle-enforcer');
      const before = bench.gcloud.writes.length;
      expect(await deployCommand(bench.place, tools)).toBe(1);
      const { err } = bench.printed();
      expect(err).toContain(`${name} is there and cannot be read: "gcloud functions list `);
      expect(err).toContain('[0].state: it is 7, not string');
      expect(err).toContain('Nothing was changed.');
      expect(bench.gcloud.writes.length).toBe(before);
      expect(await teardownCommand([...bench.place, '--yes'], tools)).toBe(1);
      expect(bench.printed().err).toContain(`Not looked at, and perhaps not all gone: ${name}`);
      expect(bench.gcloud.world.functions.size).toBe(0);
    }));

  it('of an IAM policy hides no other binding', () =>
    withBench(async (bench) => {
      const tools: Tools = {
        ...bench.tools,
        gcloud: async (args) => {
          const answer = await bench.tools.gcloud(args);
          if (!args.join(' ').startsWith('projects get-iam-policy ml-research')) return answer;
          const { bindings } = JSON.parse(answer.stdout) as { bindings: unknown[] };
          return {
            ...answer,
            stdout: JSON.stringify({ bindings: [{ role: 'r', members: 7 }, ...bindings] }),
          };
        },
      };
      expect(await deployCommand(bench.place, tools)).toBe(0);
      expect(bench.printed().out).toContain('[0].members: it is 7');
      expect(await deployCommand(bench.place, tools)).toBe(0);
      expect(bench.printed().out).toContain('Nothing to do: all is as it should be.');
    }));

  it('of the services of Cloud Run, of the dead letters and of the log is told by doctor.sh, and the rest with it', () =>
    withBench(async (bench) => {
      await deployCommand(bench.place, bench.tools);
      const services = withItem(bench, 'run services list', { metadata: { name: 7 } });
      bench.printed();
      expect(await doctorCommand(bench.place, services)).toBe(0);
      const letters = withItem(bench, 'pubsub subscriptions pull', { message: 7 });
      const log = withItem({ ...bench, tools: letters }, 'logging read', { timestamp: 7 });
      expect(await doctorCommand(bench.place, log)).toBe(1);
      const { out } = bench.printed();
      expect(out).toContain('A dead letter that cannot be read: "gcloud pubsub subscriptions pull');
      expect(out).toMatch(/How lifecycle-enforcer ran last cannot be read: .*\[0\]\.timestamp: it is 7/);
      expect(out).toMatch(/What egress-auditor costs is not known, 1 of its runs cannot be counted: .*\[0\]/);
    }));
});

describe('an answer of gcloud that is no list', () => {
  it('and cannot be read ends in one sentence, not in a message of the parser', () =>
    withBench(async (bench) => {
      await deployCommand(bench.place, bench.tools);
      const says = async (command: string, stdout: string): Promise<string> => {
        const gcloud: Tools['gcloud'] = async (args) => {
          const answer = await bench.tools.gcloud(args);
          return args.join(' ').startsWith(command) ? { ...answer, stdout } : answer;
        };
        bench.printed();
        expect(await deployCommand(bench.place, { ...bench.tools, gcloud })).toBe(1);
        return bench.printed().err;
      };
      expect(await says('projects describe', '{"projectNumber": []}')).toMatch(
        /^"gcloud projects describe \S+" shows something in another form than expected at projectNumber: it is a list of 0\n$/,
      );
      expect(await says('functions list', 'Updates are available!')).toMatch(
        /^Cannot use what "gcloud functions list .*" printed: it is not JSON/,
      );
    }));
});

describe('create-budget.sh', () => {
  const args = (bench: DeployBench): readonly string[] => [
    ...bench.place.slice(0, 2),
    '--billing-account=0A1B2C-3D4E5F-6A7B8C',
    '--amount=500USD',
    '--target=ml-research',
  ];

  it('says who has to be granted what where the quota project may not be used', () =>
    withBench(async (bench) => {
      bench.gcloud.refuse = (command) =>
        command.join(' ').startsWith('billing budgets list')
          ? 'PERMISSION_DENIED: Caller does not have required permission to use project ml-ops-local. Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission'
          : undefined;
      expect(await createBudgetCommand(args(bench), bench.tools)).toBe(1);
      expect(bench.printed().err).toMatch(
        /\n {4}gcloud projects add-iam-policy-binding ml-ops-local --member=user:YOUR_EMAIL --role=roles\/serviceusage\.serviceUsageConsumer --condition=None\n$/,
      );
    }));

  it('makes the budget although another one of the account cannot be read', () =>
    withBench(async (bench) => {
      const tools = withItem(bench, 'billing budgets list', { name: 7, displayName: 'of another team' });
      const code = await createBudgetCommand(args(bench), tools);
      const { err } = bench.printed();
      expect(code, err).toBe(0);
      expect(err).toContain('A budget is left out: "gcloud billing budgets list');
    }));

  it('makes no second budget where the one that is meant may be the one that cannot be read', () =>
    withBench(async (bench) => {
      const tools = withItem(bench, 'billing budgets list', { name: 7, displayName: 'costguard' });
      expect(await createBudgetCommand(args(bench), tools)).toBe(1);
      expect(bench.printed().err).toContain('Whether a budget "costguard" is there cannot be told: "gcloud');
      expect(bench.gcloud.world.budgets.size).toBe(0);
    }));
});
