import { describe, expect, it } from 'vitest';
import {
  accountOf,
  budgetIds,
  computeName,
  isNameOf,
  resourceId,
} from '../../../shared/google/resource-name.ts';

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

const VM = 'projects/p/zones/z/instances/vm';

describe('isNameOf', () => {
  it.each([
    ['the name itself', VM, VM, true],
    ['the project by its number', 'projects/12/zones/z/instances/vm', VM, true],
    ['the project by its id', VM, 'projects/12/zones/z/instances/vm', true],
    ['another id', 'projects/q/zones/z/instances/vm', VM, false],
    ['another number', 'projects/13/zones/z/instances/vm', 'projects/12/zones/z/instances/vm', false],
    ['no project', 'projects//zones/z/instances/vm', 'projects/12/zones/z/instances/vm', false],
    ['another place', 'projects/p/zones/y/instances/vm', VM, false],
    ['another last part', 'projects/p/zones/z/instances/1', VM, false],
    ['the last part alone', 'vm', VM, false],
    ['what lies below', `${VM}/disks/1`, VM, false],
    ['nothing', '', VM, false],
    ['any place', VM, 'projects/p/zones/-/instances/-', true],
    ['no place for any', 'projects/p/zones//instances/vm', 'projects/p/zones/-/instances/-', false],
    ['a budget of another account', 'billingAccounts/A/budgets/1', 'billingAccounts/1/budgets/1', false],
  ])('%s: %s for %s is %s', (_, name, requested, expected) => {
    expect(isNameOf(name, requested)).toBe(expected);
  });
});

describe('computeName', () => {
  const BASE = 'https://www.googleapis.com/compute/v1/';
  it.each([
    ['by its name', { name: 'vm' }, VM, VM],
    [
      'by its link',
      { name: 'vm', selfLink: `${BASE}projects/q/zones/y/instances/vm` },
      VM,
      'projects/q/zones/y/instances/vm',
    ],
    [
      'by its id, which was requested',
      { name: 'vm', id: '7', selfLink: BASE + VM },
      'projects/p/zones/z/instances/7',
      'projects/p/zones/z/instances/7',
    ],
    [
      'by its name where another id was requested',
      { name: 'vm', id: '7' },
      'projects/p/zones/z/instances/8',
      VM,
    ],
    [
      'of a project with a domain',
      { name: 'vm', selfLink: `${BASE}projects/a.com:p/zones/z/instances/vm` },
      VM,
      'projects/a.com:p/zones/z/instances/vm',
    ],
  ])('%s', (_, self, requested, expected) => {
    expect(computeName(self, requested)).toBe(expected);
  });
});
