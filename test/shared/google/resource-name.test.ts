import { describe, expect, it } from 'vitest';
import { accountOf, budgetIds, resourceId } from '../../../shared/google/resource-name.ts';

const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-678901';
const BUDGET = `${ACCOUNT}/budgets/7b1c2d3e-0000-4000-8000-000000000001`;

describe('the name of a budget', () => {
  it('has its account’s name in it', () => {
    expect(accountOf(BUDGET)).toBe(ACCOUNT);
  });

  it('has the two ids that gcloud takes one by one', () => {
    expect(budgetIds(BUDGET)).toEqual({
      account: '0A1B2C-3D4E5F-678901',
      id: '7b1c2d3e-0000-4000-8000-000000000001',
    });
  });
});

describe('the last part of a name', () => {
  it.each([
    [ACCOUNT, '0A1B2C-3D4E5F-678901'],
    ['https://compute.googleapis.com/compute/v1/projects/p/zones/us-central1-a', 'us-central1-a'],
    ['0A1B2C-3D4E5F-678901', '0A1B2C-3D4E5F-678901'],
  ])('of %s is %s', (name, id) => {
    expect(resourceId(name)).toBe(id);
  });
});
