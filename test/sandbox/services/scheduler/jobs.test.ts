import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { createClock } from '../../clock/clock.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { jobSchema } from './model.ts';

const NAME = 'projects/ml-ops/locations/us-central1/jobs/tick';
const MINUTE = 60_000;

function setUp(start: string, failures = 0) {
  const clock = createClock({ startMs: Date.parse(start), frozen: true });
  const runs: string[] = [];
  let left = failures;
  const jobs: Jobs = createJobs({
    clock,
    attempt: async () => {
      runs.push(new Date(clock.now()).toISOString());
      if (left-- > 0) throw new Error('no topic');
    },
  });
  const create = (schedule: string, timeZone: string, retryConfig = {}) =>
    jobs.create(
      NAME,
      jobSchema.parse({
        schedule,
        timeZone,
        retryConfig,
        pubsubTarget: { topicName: 'projects/ml-ops/topics/t1', data: 'e30=' },
      }),
    );
  return { clock, jobs, runs, create };
}

describe('createJobs', () => {
  it('runs at each moment of the schedule, and no more once it is paused or deleted', async () => {
    const { clock, jobs, runs, create } = setUp('2026-11-18T21:34:00Z');
    create('*/10 * * * *', 'Etc/UTC');
    await clock.advance(26 * MINUTE);
    assert.deepEqual(runs, [
      '2026-11-18T21:40:00.000Z',
      '2026-11-18T21:50:00.000Z',
      '2026-11-18T22:00:00.000Z',
    ]);
    jobs.pause(NAME);
    await clock.advance(60 * MINUTE);
    jobs.resume(NAME);
    await clock.advance(10 * MINUTE);
    assert.deepEqual(runs.slice(3), ['2026-11-18T23:10:00.000Z']);
    jobs.delete(NAME);
    await clock.advance(60 * MINUTE);
    assert.equal(runs.length, 4);
  });

  it('keeps to local time when the clocks change', async () => {
    const { clock, runs, create } = setUp('2026-10-24T00:00:00Z');
    create('0 6 * * *', 'Europe/Berlin');
    await clock.advance(2 * 24 * 60 * MINUTE);
    assert.deepEqual(runs, ['2026-10-24T04:00:00.000Z', '2026-10-25T05:00:00.000Z']);
  });

  it('tries again as often as it is told, later each time, and keeps the outcome', async () => {
    const { clock, jobs, runs, create } = setUp('2026-11-18T21:59:00Z', 3);
    create('0 22 * * *', 'Etc/UTC', { retryCount: 2, minBackoffDuration: '30s' });
    await clock.advance(10 * MINUTE);
    assert.deepEqual(runs, [
      '2026-11-18T22:00:00.000Z',
      '2026-11-18T22:00:30.000Z',
      '2026-11-18T22:01:30.000Z',
    ]);
    assert.deepEqual(jobs.get(NAME).status, { code: 2, message: 'no topic' });
    await jobs.run(NAME);
    assert.deepEqual(jobs.get(NAME).status, { code: 0 });
  });

  const wrong: readonly [string, string, string][] = [
    ['a time zone that there is not', '* * * * *', 'Europe/Nowhere'],
    ['seconds', '0 */10 * * * *', 'Etc/UTC'],
    ['a minute that there is not', '75 * * * *', 'Etc/UTC'],
  ];
  for (const [title, schedule, timeZone] of wrong)
    it(`refuses ${title}`, () => {
      const { create } = setUp('2026-11-18T21:34:00Z');
      assert.throws(() => create(schedule, timeZone), { code: 'INVALID_ARGUMENT' });
    });
});
