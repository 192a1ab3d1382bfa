import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { judgeNotebook } from '../../../functions/idle-notebook-stopper/decide.ts';
import { observationStartMs } from '../../../functions/idle-notebook-stopper/signals/observation-window.ts';
import { config, EVENING, measured, minutesBefore, NOON, notebook, OFFICE } from './facts-builder.ts';

const OBSERVE = config({ mode: 'observe', warnBeforeMinutes: 30 });

describe('observe with warnBefore', () => {
  it('plans the stop that enforce would carry out, with what it saves, and warns of nothing', () => {
    const [decision] = judgeNotebook(notebook({}, OBSERVE), OBSERVE, NOON);
    assert.deepEqual([decision?.action, decision?.reason, decision?.usdPerHour], ['stop', 'idle', 0.75]);
    assert.equal(decision?.evidence['wouldHaveWarnedAt'], '2026-11-18T10:30:00.000Z');
  });

  it('looks back as far as the warning would have looked', () => {
    assert.equal(observationStartMs(OBSERVE, NOON, undefined), minutesBefore(NOON, 90));
    // Outside hours the warning looks back 15 minutes.
    assert.equal(
      observationStartMs({ ...OBSERVE, hours: OFFICE }, EVENING, undefined),
      minutesBefore(EVENING, 45),
    );
  });

  it('keeps what was active before, or started since, although it is idle for idleAfter', () => {
    const active = notebook({ signals: { cpu: measured(0.9) } }, OBSERVE);
    const young = notebook(
      { vm: { kind: 'found', status: 'RUNNING', lastStartMs: minutesBefore(NOON, 80) } },
      OBSERVE,
    );
    assert.deepEqual(
      [active, young].map((facts) => judgeNotebook(facts, OBSERVE, NOON)[0]?.reason),
      ['active', 'young'],
    );
  });

  it('takes no warning that enforce left behind for its own', () => {
    const warned = notebook({ memory: { warnedAtMs: minutesBefore(NOON, 5) } }, OBSERVE);
    assert.equal(judgeNotebook(warned, OBSERVE, NOON)[0]?.action, 'stop');
  });

  it('enforce still warns first', () => {
    const enforce = config({ warnBeforeMinutes: 30 });
    assert.equal(judgeNotebook(notebook({}, enforce), enforce, NOON)[0]?.action, 'warn');
  });
});
