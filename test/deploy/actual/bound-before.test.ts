import assert from 'node:assert/strict';
import { it } from 'vitest';
import { boundBefore, noteBoundOn } from '../../../deploy/actual/bound-before.ts';
import { BOUND_ON } from '../../../deploy/desired/names.ts';
import type { ActualFunction } from '../../../deploy/actual/actual.ts';

const ACCOUNT = 'serviceAccounts/models@ml-research.iam.gserviceaccount.com';
const ORGANIZATION = 'organizations/900100';

function noted(value: string): ReturnType<typeof boundBefore> {
  const fn: ActualFunction = {
    state: 'ACTIVE',
    labels: {},
    environment: { [BOUND_ON]: value },
    url: undefined,
    updateTime: undefined,
    settings: {},
    runtime: '',
    subscription: undefined,
  };
  return boundBefore({ functions: new Map([['budget-restore', fn]]) }, 'budget-restore');
}

it('boundBefore reads where roles were bound, and of which organization, from what noteBoundOn wrote', () => {
  const access = (on: string, roleName: string) => ({ on, roleName, role: undefined, why: '' });
  const note = noteBoundOn([
    access('projects/ml-research', 'projects/ml-research/roles/costguardBudgetRestore_ml_ops'),
    access('folders/500100', `${ORGANIZATION}/roles/costguardBudgetRestore_ml_ops`),
    access(ORGANIZATION, `${ORGANIZATION}/roles/costguardBudgetRestore_ml_ops`),
    access(ACCOUNT, 'roles/iam.serviceAccountUser'),
  ]);
  assert.deepEqual(noted(note), [
    { on: 'projects/ml-research', home: undefined },
    { on: 'folders/500100', home: ORGANIZATION },
    { on: ORGANIZATION, home: undefined },
    { on: ACCOUNT, home: undefined },
  ]);
});

it('boundBefore reads what an older deployment noted', () => {
  assert.deepEqual(noted('folders/500100 gs://ml-ops-costguard'), [
    { on: 'folders/500100', home: undefined },
    { on: 'gs://ml-ops-costguard', home: undefined },
  ]);
});
