import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { configureWatch } from '../../../functions/spend-watch/config.ts';
import { readBurn } from '../../../functions/spend-watch/report/read.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import { accrue } from '../../../shared/spend/accrue.ts';
import { ledgerObject, printLedger } from '../../../shared/spend/ledger.ts';
import { messagesObject } from '../../../shared/spend/messages.ts';
import type { State } from '../../../shared/state/state.ts';
import { timelessApi } from '../../support/scripted-api.ts';
import { messagesOf, NOW, START } from '../../support/burn-lab.ts';

/** The deadline of a request in seconds, and what one read of the state bucket may take of it. */
const DEADLINE_SECONDS = 120;
const READ_SECONDS = 0.2;

interface Bucket {
  readonly state: State;
  /** Times that all reads under way were answered together: each costs the latency of one. */
  readonly rounds: () => number;
  readonly most: () => number;
  readonly reads: () => number;
}

function bucketOf(objects: ReadonlyMap<string, string>): Bucket {
  let [rounds, busy, most, reads] = [0, 0, 0, 0];
  let round: Promise<void> | undefined;
  const no = (): never => {
    throw new Error('a report writes nothing, and lists nothing');
  };
  return {
    rounds: () => rounds,
    most: () => most,
    reads: () => reads,
    state: {
      ...{ bucket: 'ml-ops-costguard', write: no, upload: no, list: no },
      async read(name) {
        reads += 1;
        most = Math.max(most, ++busy);
        round ??= nextTurn().then(() => {
          rounds += 1;
          round = undefined;
        });
        await round;
        busy -= 1;
        const text = objects.get(name);
        return text === undefined ? undefined : { text, generation: '1', ageMs: 0 };
      },
    },
  };
}

const idOf = (at: number): string => `ml-${String(at).padStart(4, '0')}`;
const budgetOf = (at: number): string => `billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/b${at}`;

/** So many projects, each with a ledger, budgets of so many of them each, and a scope of the first ones. */
async function read(projects: number, sizes: readonly number[], inScope = projects, project?: string) {
  const objects = new Map<string, string>();
  for (let at = 0; at < projects; at += 1) {
    const project = idOf(at);
    const rate = { low: 1, expected: 1, high: 1 };
    const look = {
      project,
      resources: [{ resource: `vm-${at}`, kind: 'vm', rate, startedMs: START }],
      complete: true,
    };
    const ledger = accrue(accrue(undefined, { ...look, atMs: START }), { ...look, atMs: NOW - 60_000 });
    objects.set(ledgerObject(project), printLedger(ledger));
  }
  // Too few for a fit, whose time is measured elsewhere.
  const messages = messagesOf({ period: { startMs: START, points: [{ atMs: NOW - 3_600_000, cost: 1 }] } });
  let next = 0;
  for (const [at, size] of sizes.entries()) {
    const ids = Array.from({ length: size }, () => idOf(next++ % projects));
    objects.set(
      messagesObject(budgetOf(at)),
      JSON.stringify({ ...messages, budget: budgetOf(at), displayName: `b${at}`, projects: ids }),
    );
  }
  const policy = parsePolicy(
    [
      `scope: [${Array.from({ length: inScope }, (_, at) => `projects/${idOf(at)}`).join(', ')}]`,
      'state: gs://ml-ops-costguard',
      `budgets: {mode: observe, allow: [${sizes.map((_, at) => budgetOf(at)).join(', ')}]}`,
      'watch:',
    ].join('\n'),
  );
  const bucket = bucketOf(objects);
  const api = timelessApi(() => Promise.reject(new Error('nothing is requested but the state bucket')));
  const report = await readBurn(
    { api, policy, state: bucket.state, runtime: { now: () => new Date(NOW) } },
    configureWatch(policy),
    { project },
  );
  return { report, bucket };
}

describe('a report over 2,000 projects', { timeout: 60_000 }, () => {
  it.each([
    ['a budget of each', Array.from({ length: 2_000 }, () => 1)],
    ['twenty budgets of a hundred', Array.from({ length: 20 }, () => 100)],
    ['budgets of ten', Array.from({ length: 200 }, () => 10)],
  ])('%s: ends within half of its deadline, thirty-two reads at a time', async (_, sizes) => {
    const { report, bucket } = await read(2_000, sizes);
    expect(bucket.rounds() * READ_SECONDS).toBeLessThan(DEADLINE_SECONDS / 2);
    expect(bucket.most()).toBeLessThanOrEqual(32);
    expect(bucket.reads()).toBe(2_000 + sizes.length + sizes.reduce((sum, size) => sum + size, 0));
    expect(report.budgets.map(({ budget }) => budget)).toEqual(sizes.map((__, at) => budgetOf(at)));
    expect(report.budgets.filter(({ notEvaluable }) => notEvaluable !== undefined)).toEqual([]);
  });

  it('keeps the order of the policy, whatever the size of its budgets', async () => {
    const { report } = await read(120, [101, 2, 40, 7, 1]);
    expect(report.budgets.map(({ name }) => name)).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
    expect(report.budgets[0]?.notEvaluable).toMatch(
      /it has 101 projects, and of more than 100 no estimate is made/,
    );
    expect(report.budgets[2]?.burnUsdPerHour).toMatchObject({ expected: 40 });
  });
});

describe('a budget whose projects are not known', () => {
  it('is in the report, and says why there is no estimate of it', async () => {
    const { report } = await read(3, [0, 2]);
    expect(report.budgets[0]).toMatchObject({
      ...{ name: 'b0', amount: 600, currencyCode: 'USD' },
      notEvaluable: 'not all of its projects could be read, or it is limited by more than projects',
    });
  });

  it('is not left out of the report of one project: it may cover it', async () => {
    const { report } = await read(3, [0, 2, 1], 3, idOf(2));
    expect(report.budgets.map(({ name }) => name)).toEqual(['b0', 'b2']);
    expect(report.budgets[0]?.notEvaluable).toMatch(/; whether it covers ml-0002 is not known$/);
  });
});

describe('the ledger of a project that left the scope', () => {
  it('is in no number, table or list of the report, and counts for the budgets that still cover it', async () => {
    const { report } = await read(5, [2, 5], 3);
    expect(report.projects.map(({ project }) => project)).toEqual([idOf(0), idOf(1), idOf(2)]);
    expect(report.notEvaluable).toEqual([]);
    expect(report.total).toMatchObject({ resources: 3, burnUsdPerHour: { expected: 3 } });
    expect(JSON.stringify([report.top, report.changes])).not.toMatch(/vm-[34]/);
    expect(report.budgets.map(({ burnUsdPerHour }) => burnUsdPerHour?.expected)).toEqual([2, 5]);
  });
});
