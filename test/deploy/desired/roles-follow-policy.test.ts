import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import { accessOf } from '../../../deploy/desired/access.ts';
import { readFunctions } from '../../../deploy/desired/settings.ts';

const functions = await readFunctions();
const HOURS = 'hours: { timezone: Europe/Berlin, days: [mon], from: "08:00", to: "20:00", start: START }';
const OPTIONAL = ['notebooks.instances.start', 'notebooks.instances.update'];

/** What a function's account gets on the one project of the scope. */
function rightsOf(name: string, policy: string): readonly string[] {
  const fn = functions.find((one) => one.name === name);
  if (fn === undefined) throw new Error(`There is no function ${name}`);
  const wanted = { project: 'ml-ops', policy: parsePolicy(policy) };
  const access = accessOf(wanted, fn, () => undefined);
  return access.find(({ on }) => on === 'projects/ml-dev')?.role?.permissions ?? [];
}

describe('the role of a function follows the policy', () => {
  for (const [title, lines, granted] of [
    ['observe', 'mode: observe\nnotebooks: {}', []],
    ['defaults', 'mode: enforce\nnotebooks: {}', []],
    ['hours that do not start', `notebooks: { ${HOURS.replace('START', 'false')} }`, []],
    ['hours that start', `notebooks: { ${HOURS.replace('START', 'true')} }`, ['notebooks.instances.start']],
    ['repair', 'notebooks: { nativeIdleShutdown: repair }', ['notebooks.instances.update']],
    [
      'everything on',
      `notebooks: { nativeIdleShutdown: repair, ${HOURS.replace('START', 'true')} }`,
      OPTIONAL,
    ],
  ] as const)
    it(`of idle-notebook-stopper, ${title}: of what only a setting uses it has ${granted.length === 0 ? 'nothing' : granted.join(', ')}`, () => {
      const rights = rightsOf(
        'idle-notebook-stopper',
        `scope: [projects/ml-dev]\nstate: gs://ml-ops-costguard\n${lines}\n`,
      );
      expect(rights.filter((one) => OPTIONAL.includes(one))).toEqual(granted);
      expect(rights).toContain('notebooks.instances.stop');
    });

  for (const [simulate, isListed] of [
    ['metrics', false],
    ['objects', true],
  ] as const)
    it(`that of lifecycle-enforcer ${isListed ? 'lists' : 'does not list'} the objects of data with simulate: ${simulate}`, () => {
      const policy = `scope: [projects/ml-dev]\nlifecycle: { simulate: ${simulate} }\n`;
      const rights = rightsOf('lifecycle-enforcer', policy);
      expect(rights.includes('storage.objects.list')).toBe(isListed);
      expect(rights).toContain('storage.buckets.update');
    });

  for (const [written, granted] of [
    ['', undefined],
    ['{ metrics: false }', undefined],
    ['{ metrics: true }', ['monitoring.timeSeries.create']],
  ] as const)
    it(`that of spend-watch writes metrics to the operations project ${granted === undefined ? 'nowhere' : 'alone'} with watch: ${written}`, () => {
      const policy = `scope: [projects/ml-dev]\nstate: gs://ml-ops-costguard\nwatch: ${written}\n`;
      const fn = functions.find(({ name }) => name === 'spend-watch');
      if (fn === undefined) throw new Error('There is no spend-watch');
      const access = accessOf({ project: 'ml-ops', policy: parsePolicy(policy) }, fn, () => undefined);
      const ops = access.find(({ on }) => on === 'projects/ml-ops');
      expect(ops?.role?.permissions).toEqual(granted);
      expect(ops?.roleName).toBe(
        granted === undefined ? undefined : 'projects/ml-ops/roles/costguardSpendWatchMetrics_ml_ops',
      );
      expect(rightsOf('spend-watch', policy)).not.toContain('monitoring.timeSeries.create');
    });

  it('and that of budget-restore does not: it starts whatever was stopped', () => {
    const policy =
      'scope: [projects/ml-dev]\nnotebooks: {}\nbudgets: { mode: observe, ladder: [{ at: 1, do: notify }] }\n';
    expect(rightsOf('budget-restore', policy)).toContain('notebooks.instances.start');
  });
});
