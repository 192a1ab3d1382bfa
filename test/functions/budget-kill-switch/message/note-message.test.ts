import { expect, it } from 'vitest';
import { noteMessage } from '../../../../functions/budget-kill-switch/message/note-message.ts';
import type { EventContext } from '../../../../shared/run/handle-event.ts';
import { parseMessages } from '../../../../shared/spend/messages.ts';
import { at, budget, MIDMONTH, notification, NOVEMBER } from '../builder.ts';

it.each([
  ['month', { kind: 'calendar', unit: 'month' }, 11],
  ['custom period', { kind: 'custom', start: { year: 2026, month: 11, day: 1 }, end: undefined }, 30],
] as const)('another reading of the midnight at which a %s begins keeps out no later message', async (_, period, hours) => {
  let text: string | undefined;
  const state = {
    read: () => Promise.resolve(text === undefined ? undefined : { text, generation: '1', ageMs: 0 }),
    write: (_name: string, written: string) => Promise.resolve((text = written)),
  };
  const runtime = { now: () => MIDMONTH, sleep: () => Promise.resolve(), random: () => 0 };
  const logged: string[] = [];
  const context = {
    ...{ state, runtime, log: (_severity: string, line: string) => void logged.push(line) },
    policy: { watch: {} },
  } as unknown as EventContext;
  const note = (minute: number, costAmount: number, aheadHours: number): Promise<void> => {
    const periodStartMs = at(NOVEMBER) + aheadHours * 3_600_000;
    const about = budget({ period, projects: [] });
    return noteMessage(context, notification({ costAmount, periodStartMs }), about, MIDMONTH.getTime() + minute * 60_000);
  };
  await note(-60, 40, 0);
  await note(-50, 45, hours);
  await note(-25, 50, 0);
  await note(0, 55, -hours);
  expect(parseMessages(text)?.period.points.map(({ cost }) => cost)).toEqual([40, 45, 50, 55]);
  expect(logged).toEqual([]);
}); // prettier-ignore

it('keeps what else a budget is limited by, so that spend-watch says why it makes no estimate', async () => {
  let text: string | undefined;
  const state = {
    read: () => Promise.resolve(undefined),
    write: (_name: string, written: string) => Promise.resolve((text = written)),
  };
  const context = {
    ...{ state, runtime: { now: () => MIDMONTH }, policy: { watch: {} } },
  } as unknown as EventContext;
  const about = budget({ projects: [], narrowed: ['services', 'labels'] });
  await noteMessage(context, notification(), about, MIDMONTH.getTime());
  expect(parseMessages(text)).toMatchObject({ complete: false, narrowed: ['services', 'labels'] });
});

it.each([
  ['damaged', '{', /^Begins anew what .* reported: "messages\/.*" is damaged; /, true],
  [
    'of a later version',
    '{"version":2}',
    /^Cannot note the cost .*version 2, and this costguard knows 1$/,
    false,
  ],
] as const)('warns of messages that are %s', async (_, stored, warning, isWritten) => {
  let text: string = stored;
  const state = {
    read: () => Promise.resolve({ text, generation: '1', ageMs: 0 }),
    write: (_name: string, written: string) => Promise.resolve((text = written)),
  };
  const logged: string[] = [];
  const context = {
    ...{ state, runtime: { now: () => MIDMONTH }, policy: { watch: {} } },
    log: (severity: string, line: string) => void logged.push(`${severity} ${line}`),
  } as unknown as EventContext;
  await noteMessage(context, notification(), budget({ projects: [] }), MIDMONTH.getTime());
  expect(logged).toEqual([expect.stringMatching(new RegExp(`^WARNING ${warning.source.slice(1)}`))]);
  expect(text === stored).toBe(!isWritten);
});
