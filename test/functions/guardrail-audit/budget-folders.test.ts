import { describe, expect, it } from 'vitest';
import {
  policiesOnce,
  readAncestors,
  readInherited,
} from '../../../functions/guardrail-audit/gather/inherited.ts';
import { budgetPreflight } from '../../../functions/guardrail-audit/gather/preflight.ts';
import { whole, type Reading } from '../../../functions/guardrail-audit/reading.ts';
import { listBudgets } from '../../../shared/google/budgets.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import { budget, NOW, project, TOPIC } from '../../support/guardrail-facts.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const POLICY = `scope: [projects/ml-lab]\nstate: gs://ml-ops-costguard\nbudgets: {mode: observe, basis: either, allow: [${budget.name}]}\naudit:\n`;
const FOLDER = 'folders/500100';

describe('a budget for a folder', () => {
  it('is read with it', async () => {
    const { api } = scriptedApi(() => ({
      budgets: [{ name: budget.name, budgetFilter: { resourceAncestors: [FOLDER] } }],
    }));
    const { items } = await listBudgets(api, ACCOUNT);
    expect(items).toMatchObject([{ projects: [], ancestors: [FOLDER], narrowed: ['resourceAncestors'] }]);
  });

  it('needs no second look at what stands above the project', async () => {
    const { api, requested } = scriptedApi(({ target }) =>
      target.endsWith(':getAncestry') ? { ancestor: [{ resourceId: { type: 'folder', id: '500100' } }] } : {},
    );
    const look = { api, projectId: project.id, now: NOW, digestOf: String, failed: () => undefined };
    const ancestors = readAncestors(look);
    await readInherited(look, policiesOnce(), ancestors);
    expect(await ancestors).toEqual(whole([FOLDER]));
    expect(requested.filter(({ target }) => target.endsWith(':getAncestry'))).toHaveLength(1);
  });

  it.each<[string, Reading<readonly string[]>, string, RegExp]>([
    ['is ready where the project is below it', whole([FOLDER]), 'warn', /resourceAncestors/],
    ['is none for the switch where it is not', whole(['folders/9']), 'fail', /no budget that may trip/],
    ['is unknown where that is unknown', { why: 'HTTP 403' }, 'unknown', /is not known: HTTP 403/],
  ])('in the preflight %s', (_, above, status, detail) => {
    const policy = parsePolicy(POLICY);
    const filtered = { ...budget, projects: [], ancestors: [FOLDER], narrowed: ['resourceAncestors'] };
    const billing = whole({ account: ACCOUNT, budgets: [filtered], unread: [] });
    expect(budgetPreflight(policy, TOPIC, whole(project), above, billing)).toMatchObject({
      value: expect.arrayContaining([
        expect.objectContaining({ status, detail: expect.stringMatching(detail) as string }),
      ]) as unknown,
    });
  });
});
