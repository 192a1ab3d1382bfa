import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { ApiError } from '../http/api-error.ts';
import { createIam, type Binding } from './iam.ts';

const PARENTS: Readonly<Record<string, string>> = {
  'buckets/b': 'projects/p',
  'projects/p/topics/t': 'projects/p',
  'projects/p': 'folders/2',
  'projects/q': 'folders/3',
  'folders/2': 'folders/1',
  'folders/3': 'folders/1',
  'folders/1': 'organizations/9',
};

function iamWith(binding: Partial<Binding>) {
  const iam = createIam((resource) => PARENTS[resource]);
  iam.bind({
    member: 'a@x',
    role: 'r',
    permissions: ['notebooks.instances.stop'],
    on: 'folders/2',
    ...binding,
  });
  return iam;
}

describe('createIam', () => {
  const cases: readonly [string, Partial<Binding>, string, boolean][] = [
    ['on the resource itself', { on: 'buckets/b' }, 'buckets/b', true],
    ['from the project', { on: 'projects/p' }, 'buckets/b', true],
    ['from the folder', {}, 'projects/p/topics/t', true],
    ['from the folder above', { on: 'folders/1' }, 'projects/p', true],
    ['from the organization', { on: 'organizations/9' }, 'buckets/b', true],
    ['all permissions', { permissions: 'all' }, 'projects/p', true],
    ['not upwards', {}, 'folders/1', false],
    ['not sideways', {}, 'projects/q', false],
    ['not from a child', { on: 'buckets/b' }, 'projects/p', false],
    ['not another permission', { permissions: ['notebooks.instances.get'] }, 'projects/p', false],
    ['not a longer permission', { permissions: ['notebooks.instances'] }, 'projects/p', false],
    ['not another member', { member: 'b@x' }, 'projects/p', false],
    ['not a resource that hangs nowhere', { on: 'organizations/9' }, 'projects/unknown', false],
  ];
  for (const [name, binding, on, expected] of cases)
    it(`allows ${name}`.replace('allows not', 'does not allow:'), () => {
      assert.equal(iamWith(binding).allows('a@x', { permission: 'notebooks.instances.stop', on }), expected);
    });

  it('names the missing permission and the resource in the 403', () => {
    const need = { permission: 'notebooks.instances.start', on: 'projects/p' };
    assert.throws(
      () => {
        iamWith({}).require('a@x', [{ permission: 'notebooks.instances.stop', on: 'projects/p' }, need]);
      },
      (error) =>
        error instanceof ApiError &&
        error.status === 403 &&
        /'notebooks\.instances\.start' denied on resource 'projects\/p'/.test(error.message) &&
        JSON.stringify(error.details).includes('IAM_PERMISSION_DENIED'),
    );
  });

  it('forgets a binding', () => {
    const iam = iamWith({});
    iam.unbind((binding) => binding.on === 'folders/2');
    assert.deepEqual(iam.bindings, []);
  });
});
