import { expect, it } from 'vitest';
import { noteHeard } from '../../../../functions/budget-kill-switch/message/silence.ts';

type Place = Parameters<typeof noteHeard>[0];

it('noteHeard: writes a damaged memory anew, so that silence can be told again', async () => {
  let text = '{"version": 1, "heardMs":';
  const state = {
    read: () => Promise.resolve({ text, generation: '1', ageMs: 0 }),
    write: (_name: string, data: string) => Promise.resolve((text = data)),
  };
  const runtime = { sleep: () => Promise.resolve(), random: () => 0 };
  const place = { state, runtime, log: () => undefined } as unknown as Place;
  await noteHeard(place, { mode: 'enforce' }, 'billingAccounts/A/budgets/B', 5);
  expect(JSON.parse(text)).toEqual({ version: 1, heardMs: 5, saidMs: null });
});
