import { describe, expect, it } from 'vitest';
import { createIam } from './iam.ts';
import { parseCondition } from './condition.ts';

const CREATE = 'storage.objects.create';
const bucket = 'projects/_/buckets/b';

const object = (name: string) => ({
  name: `${bucket}/objects/${name}`,
  type: 'storage.googleapis.com/Object',
  service: 'storage.googleapis.com',
});

describe('parseCondition', () => {
  const cases: readonly [string, string, boolean][] = [
    [`resource.name.startsWith("${bucket}/objects/a/")`, 'a/x', true],
    [`resource.name.startsWith("${bucket}/objects/a/")`, 'ab/x', false],
    [`resource.name.startsWith('${bucket}/objects/a/') || resource.name.endsWith("/x")`, 'c/x', true],
    [`resource.name == "${bucket}/objects/a"`, 'a', true],
    [`resource.name != "${bucket}/objects/a"`, 'a', false],
    [
      `!resource.name.startsWith("${bucket}/objects/a/") && resource.type == "storage.googleapis.com/Object"`,
      'b',
      true,
    ],
    [`!(resource.name.endsWith("x") || resource.name.endsWith("y"))`, 'y', false],
    [`resource.name.endsWith("x") || resource.name.endsWith("y") && resource.name.endsWith("z")`, 'x', true],
  ];
  for (const [expression, name, expected] of cases)
    it(`${expression} of ${name}: ${expected}`, () => {
      expect(parseCondition({ expression })(object(name))).toBe(expected);
    });

  it.each([
    'request.time < timestamp("2027-01-01T00:00:00Z")',
    'resource.name.extract("objects/{a}/") == "x"',
    'resource.name',
    'resource.name == ',
    'resource.name.startsWith("a") resource.name.startsWith("b")',
    '(resource.name == "a"',
  ])('refuses what it does not imitate: %s', (expression) => {
    expect(() => parseCondition({ expression })).toThrow(/does not evaluate/);
  });

  it('refuses more than 12 logical operators', () => {
    const parts = (count: number) => ({
      expression: Array.from({ length: count }, () => 'resource.name == "a"').join(' || '),
    });
    expect(() => parseCondition(parts(13))).not.toThrow();
    expect(() => parseCondition(parts(14))).toThrow(/12 logical operators/);
  });
});

describe('a conditional binding on a bucket', () => {
  const iam = createIam(() => undefined);
  iam.bind({
    member: 'a@x',
    role: 'r',
    permissions: [CREATE, 'storage.objects.list'],
    on: 'buckets/b',
    condition: { title: 't', expression: `resource.name.startsWith("${bucket}/objects/mine/")` },
  });
  const allows = (permission: string, name?: string): boolean =>
    iam.allows('a@x', { permission, on: 'buckets/b', ...(name === undefined ? {} : { object: name }) });

  it('holds for objects below the prefix alone, also for those that are to be made', () => {
    expect([allows(CREATE, 'mine/x'), allows(CREATE, 'theirs/x'), allows(CREATE, 'mine')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('gives nothing on the bucket: neither listing nor what testIamPermissions shows', () => {
    expect([allows('storage.objects.list'), allows(CREATE)]).toEqual([false, false]);
  });
});
