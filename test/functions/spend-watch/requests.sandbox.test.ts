import { describe, expect, it } from 'vitest';
import { watchRequests } from '../../../functions/spend-watch/function.ts';
import { handleRequest } from '../../../shared/run/handle-request.ts';
import { ledgerObject } from '../../../shared/spend/ledger.ts';
import { BUDGET, RUNAWAY } from '../../support/budget-lab.ts';
import { withHttpFunction } from '../../support/in-process.ts';
import { countsOf } from '../../support/observe.ts';
import { watchPolicy, withWatch, writeState, type Watch } from '../../support/watch-lab.ts';

interface Burn {
  readonly total: { readonly burnUsdPerHour: unknown; readonly partial: boolean };
  readonly projects: readonly { readonly project: string }[];
  readonly notEvaluable: readonly object[];
  readonly budgets: readonly object[];
  readonly top: readonly { readonly resource: string }[];
}

async function withRequests(
  test: (watch: Watch, get: (path: string, accept?: string) => Promise<Response>) => Promise<void>,
): Promise<void> {
  await withWatch(watchPolicy(), (watch) =>
    withHttpFunction(
      (request, response) => handleRequest(watch.instance.runtime, request, response, watchRequests),
      (url) => test(watch, (path, accept = '*/*') => fetch(`${url}${path}`, { headers: { accept } })),
    ),
  );
}

describe('GET of spend-watch', () => {
  it('answers what the last look saw, as JSON, page and metrics with the same number', async () => {
    await withRequests(async ({ look }, get) => {
      await look();
      const { usdPerHour } = await look(5);
      const rounded = Math.round(usdPerHour * 100) / 100;
      const json = await get('/');
      const burn = (await json.json()) as Burn;
      expect(json.headers.get('cache-control')).toBe('no-store');
      expect(burn.total).toMatchObject({ partial: false, burnUsdPerHour: { expected: rounded } });
      expect(burn.top.length).toBeGreaterThan(3);
      expect(burn.budgets).toMatchObject([
        { budget: BUDGET, notEvaluable: 'none of its messages has reached the kill switch yet' },
      ]);
      const page = await (await get('/', 'text/html')).text();
      expect(page).toContain(`value="${rounded}"`);
      const metrics = await get('/metrics');
      expect(metrics.headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1.0.0/);
      expect(await metrics.text()).toContain(`{project="${RUNAWAY}",bound="expected"} ${rounded}\n`);
    });
  });

  it('calls unknown what has no ledger, or a damaged one', async () => {
    await withRequests(async ({ sandbox }, get) => {
      const before = (await (await get('/')).json()) as Burn;
      expect(before.total.burnUsdPerHour).toBe('unknown');
      expect(before.notEvaluable).toEqual([{ project: RUNAWAY, notEvaluable: 'there is no ledger yet' }]);
      await writeState(sandbox, ledgerObject(RUNAWAY), '{"version":1');
      const after = (await (await get('/')).json()) as Burn;
      expect(after.notEvaluable).toEqual([
        { project: RUNAWAY, notEvaluable: 'the ledger is damaged: it is not JSON' },
      ]);
      expect(await (await get('/', 'text/html')).text()).not.toContain('$0.00');
    });
  });

  it('makes no call to the projects, and none that writes', async () => {
    await withRequests(async ({ sandbox, look }, get) => {
      await look();
      sandbox.callLog.clear();
      await get('/', 'text/html');
      const made = Object.keys(countsOf(sandbox.callLog.calls()));
      expect(made.filter((call) => !/^(storage\.objects\.get|.*projects\.get)$/.test(call))).toEqual([]);
      expect(made).toContain('storage.objects.get');
    });
  });

  it('refuses a project outside of the scope', async () => {
    await withRequests(async (_, get) => {
      const answer = await get('/?project=ml-elsewhere');
      expect(answer.status).toBe(403);
      const { error } = (await answer.json()) as { readonly error: string };
      expect(error).toMatch(/outside the policy’s scope/);
    });
  });
});
