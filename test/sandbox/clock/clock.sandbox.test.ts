import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, it } from 'vitest';
import { publishClock } from './clock-file.ts';
import { createClock } from './clock.ts';

const START = Date.parse('2026-11-18T09:00:00Z');

describe('createClock', () => {
  it('stands still when frozen, and runs nothing before it is moved', async () => {
    const clock = createClock({ startMs: START, frozen: true });
    let runs = 0;
    clock.after(0, () => void (runs += 1));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([clock.now(), runs], [START, 0]);
    await clock.advance(0);
    assert.deepEqual([clock.now(), runs], [START, 1]);
  });

  it('flows with real time and runs a task when its moment comes', async () => {
    const clock = createClock({ startMs: START });
    // The clock's own timers do not keep the process alive.
    const alive = setInterval(() => undefined, 5);
    const at = await new Promise<number>((resolve) => {
      clock.after(15, () => {
        resolve(clock.now());
      });
    });
    clearInterval(alive);
    assert.ok(at >= START + 15 && at < START + 5_000, `ran at +${at - START} ms`);
    clock.close();
  });

  it('runs what falls due in order of time, then of planning, each awaited, at its own moment', async () => {
    const clock = createClock({ startMs: START, frozen: true });
    const seen: string[] = [];
    const note = (name: string) => async () => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name}@${clock.now() - START}`);
    };
    clock.after(300, note('late'));
    clock.after(100, note('first'));
    clock.after(100, note('second'));
    clock.after(501, note('beyond'));
    await clock.advance(500);
    assert.deepEqual(seen, ['first@100', 'second@100', 'late@300']);
    assert.equal(clock.now(), START + 500);
  });

  it('runs tasks that tasks plan, and lets a task move the clock itself', async () => {
    const clock = createClock({ startMs: START, frozen: true });
    const seen: string[] = [];
    clock.after(100, async () => {
      clock.after(50, () => void seen.push(`planned@${clock.now() - START}`));
      await clock.advance(200);
      seen.push(`moved@${clock.now() - START}`);
    });
    clock.after(400, () => void seen.push(`last@${clock.now() - START}`));
    await clock.advance(350);
    assert.deepEqual(seen, ['planned@150', 'moved@300']);
    assert.equal(clock.now(), START + 350);
    await clock.advance(50);
    assert.deepEqual(seen.at(-1), 'last@400');
  });

  it('takes a second move from where the first has come to, and runs each task once', async () => {
    const clock = createClock({ startMs: START, frozen: true });
    let runs = 0;
    for (const delay of [10, 20, 30]) clock.after(delay, () => void (runs += 1));
    await Promise.all([clock.advance(15), clock.advance(40)]);
    // The first stands at its first task when the second begins.
    assert.deepEqual([clock.now() - START, runs], [50, 3]);
  });

  it('does not run what was cancelled, also by an earlier task of the same move', async () => {
    const clock = createClock({ startMs: START, frozen: true });
    let runs = 0;
    const cancel = clock.after(20, () => void (runs += 1));
    clock.after(10, cancel);
    clock.after(30, () => void (runs += 1))();
    await clock.advance(100);
    assert.equal(runs, 0);
  });

  for (const wrong of [-1, Number.NaN])
    it(`refuses to move by ${wrong}`, async () => {
      const clock = createClock({ startMs: START, frozen: true });
      await assert.rejects(clock.advance(wrong), RangeError);
      assert.equal(clock.now(), START);
    });

  it('keeps flowing after a jump', async () => {
    const clock = createClock({ startMs: START });
    await clock.advance(3_600_000);
    const later = clock.now() - START;
    assert.ok(later >= 3_600_000 && later < 3_610_000, `at +${later} ms`);
    assert.equal(clock.state.kind, 'flowing');
    clock.close();
  });
});

describe('publishClock with connect-preload', () => {
  const preload = fileURLToPath(new URL('../http/connect-preload.ts', import.meta.url));
  const withFile = async (test: (file: string) => Promise<void>): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'costguard-clock-'));
    try {
      await test(join(folder, 'clock'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const environment = (file: string) => ({
    ...process.env,
    COSTGUARD_SANDBOX_PORT: '9',
    COSTGUARD_SANDBOX_CLOCK: file,
  });

  it('shows every jump to a process that already runs', () =>
    withFile(async (file) => {
      const clock = createClock({ startMs: START, frozen: true });
      const published = publishClock(clock, file);
      const child = spawn(
        process.execPath,
        ['--import', preload, '-e', `process.stdin.on('data', () => setTimeout(() => console.log(Date.now()), 5))`],
        { env: environment(file), stdio: ['pipe', 'pipe', 'inherit'] },
      ); // prettier-ignore
      const lines = createInterface(child.stdout);
      const ask = async (): Promise<number> => {
        const line = once(lines, 'line');
        child.stdin.write('\n');
        return Number(String((await line)[0]));
      };
      assert.equal(await ask(), START);
      await clock.advance(86_400_000);
      assert.equal(await ask(), START + 86_400_000);
      // Shorter than the record before: nothing of it may remain.
      await clock.advance(1);
      assert.equal(await ask(), START + 86_400_001);
      child.stdin.end();
      await once(child, 'exit');
      published.close();
    }));

  it('gives Date in all its forms sandbox time and leaves explicit dates alone', () =>
    withFile(async (file) => {
      const published = publishClock(createClock({ startMs: START, frozen: true }), file);
      const script =
        'console.log(JSON.stringify([Date.now(), new Date().getTime(), Date.parse(Date()), new Date(5).getTime(), new Date(2020, 0).getFullYear(), new Date() instanceof Date]))';
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', preload, '-e', script], {
        env: environment(file),
      });
      assert.deepEqual(JSON.parse(stdout), [START, START, START, 5, 2020, true]);
      published.close();
    }));
});
