import { describe, expect, it } from 'vitest';
import { tellEnforcerStory } from './enforcer-story.ts';
import { printed, tooWide } from './printed.ts';
import { tellStopperStory } from './stopper-story.ts';
import { claimBack, claimOnce } from './switch-story.ts';

const START_MS = Date.UTC(2026, 10, 18, 22);

/** A clock and a bucket in which each tick leaves the next receipt. */
function ticking(name: string, receipts: readonly object[]) {
  const texts: string[] = [];
  let atMs = START_MS;
  return {
    clock: { now: () => atMs, advance: async (ms: number) => void (atMs += ms) },
    storage: {
      objectNames: () => texts.map((_, at) => `receipts/${name}/${at}`),
      objectText: (_: string, object: string) => texts[Number(object.split('/').at(-1))],
      bucket: () => ({ settings: { lifecycle: LIFECYCLE } }) as never,
    },
    fn: {
      name,
      lines: [],
      tick: async () => void texts.push(JSON.stringify(receipts[texts.length])),
    },
  };
}

const LIFECYCLE = { rule: [{ action: { type: 'Delete' }, condition: { age: 365 } }] };

describe('the story of the stopper', () => {
  const NOTEBOOK = 'projects/ml-lab/locations/us-central1-a/instances/idle-a100';
  const decision = (action: string, usdPerHour: number) => ({
    resource: NOTEBOOK,
    action,
    reason: action === 'stop' ? 'idle' : 'stopped',
    outcome: action === 'stop' ? 'done' : 'kept',
    usdPerHour,
    evidence: {
      machineType: 'a2-highgpu-1g',
      gpus: '1 x nvidia-tesla-a100',
      price: { runningUsdPerHour: 3.7, stoppedUsdPerHour: 0.03, billedWhenStopped: ['boot disk, 150 GB'] },
    },
  });
  const receipt = (action: string, usdPerHour: number) => ({
    projects: ['ml-lab'],
    mode: 'enforce',
    decisions: [decision(action, usdPerHour)],
    incomplete: [{ where: 'projects/ml-lab/locations/asia-east1-c', why: 'unreachable, '.repeat(8) }],
    failures: [],
    savings: { usdPerHour: action === 'stop' ? 3.67 : 0, unpriced: 0 },
    apiCalls: { 'notebooks.instances.list': 4 },
  });
  const tell = (second: string, state: string) => {
    const receipts = [receipt('stop', 3.67), receipt(second, 0.03)];
    const { fn, ...world } = ticking('idle-notebook-stopper', receipts);
    const fleet = { notebooks: new Map([[NOTEBOOK, { state }]]) };
    return printed(() => tellStopperStory({ ...world, fleet }, fn, 'bucket'));
  };

  it('adds up what the receipts say, within 80 columns', async () => {
    const lines = await tell('keep', 'STOPPED');
    expect(lines.join(' ')).toContain(
      'The fleet burns $3.70/h before, $0.03/h after: $3.67/h saved, $2,679 a month (list prices).',
    );
    expect(lines).toContain('  4 API calls');
    expect(lines.at(-1)).toBe('1 of 1 stops have taken effect, 0 were requested twice.');
    expect(tooWide(lines)).toEqual([]);
  });

  it('is an error where a stop takes no effect, or is requested twice', async () => {
    await expect(tell('keep', 'ACTIVE')).rejects.toThrow(/each stop has taken effect/);
    await expect(tell('stop', 'STOPPED')).rejects.toThrow(/nothing is stopped twice/);
  });
});

describe('the story of the enforcer', () => {
  /** Half a year before the end of the rule's 365 days. */
  const CREATED = new Date(START_MS - 180 * 86_400_000).toISOString();
  const scenario = {
    clock: new Date(START_MS).toISOString(),
    storage: {
      buckets: [
        {
          name: 'ml-lab',
          project: 'ml-lab',
          location: 'US',
          objects: [{ name: 'a', size: 10, timeCreated: CREATED }],
        },
      ],
    },
  };
  const tell = (yearly: number) => {
    const horizon = (objects: number) => ({ deletedObjects: objects, deletedBytes: objects * 10 });
    const decision = {
      resource: 'projects/_/buckets/ml-lab',
      action: 'patch',
      reason: 'no-rules',
      outcome: 'done',
      usdPerHour: 1,
      evidence: {
        diff: { added: [1], removed: [], kept: [], equal: [] },
        forecast: { within: { month: horizon(0), year: horizon(yearly) } },
      },
    };
    const { fn, ...world } = ticking('lifecycle-enforcer', [{ projects: ['ml-lab'], decisions: [decision] }]);
    return printed(() => tellEnforcerStory({ ...world, scenario } as never, fn, 'bucket'));
  };

  it('holds the forecasts of the receipt against what becomes of the objects, within 80 columns', async () => {
    const lines = await tell(1);
    expect(lines.join(' ')).toContain('1 buckets got rules, 0 were left as they are: a month from now');
    expect(lines.join(' ')).toContain('$730.00 a month less');
    expect(lines.some((line) => /^ +year +1 +1 +0 +yes$/.test(line))).toBe(true);
    expect(lines.at(-1)).toMatch(/^1 of 1 forecasts came true/);
    expect(tooWide(lines)).toEqual([]);
  });

  it('is an error where a forecast does not come true', async () => {
    await expect(tell(7)).rejects.toThrow(/each forecast comes true/);
  });
});

describe('the story of the switch', () => {
  const ladder = [{ do: 'notify' }, { do: 'stop-compute' }] as const;

  it.each([
    ['does not fire', ['notify'], /stop-compute fires once: it fired 0 times/],
    ['fires twice', ['notify', 'stop-compute', 'notify'], /notify fires once: it fired 2 times/],
  ])('is an error where a rung %s', (_, fired, why) => {
    expect(() => {
      claimOnce(fired, ladder);
    }).toThrow(why);
  });

  it('is an error where something is not back, and not for a job that was cancelled', () => {
    const before = new Map([
      ['VM a', 'RUNNING'],
      ['customJobs 1', 'RUNNING'],
    ]);
    const after = new Map([
      ['VM a', 'RUNNING'],
      ['customJobs 1', 'CANCELLED'],
    ]);
    claimBack(before, after);
    expect(() => {
      claimBack(before, after.set('VM a', 'TERMINATED'));
    }).toThrow(/VM a is RUNNING again: it is TERMINATED/);
  });
});
