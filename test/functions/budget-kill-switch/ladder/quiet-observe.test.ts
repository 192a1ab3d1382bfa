import { expect, it } from 'vitest';
import { guardBudget } from '../../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../../shared/run/handle-event.ts';
import { fakeGoogle } from '../../../support/fake-google.ts';
import { newWorld, OWN_PROJECT, policyText, wireOf } from '../../../support/ladder-model.ts';

const MINUTE_MS = 60_000;
const START = Date.parse('2026-11-18T12:00:00Z');
let mode: 'observe' | 'enforce' = 'enforce';

const fake = fakeGoogle({
  world: newWorld(),
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () => policyText({ mode, basis: 'actual', ladder: [{ atPercent: 100, do: 'stop-compute' }] }),
});

async function hear(minute: number, percent: number): Promise<void> {
  fake.world.nowMs = START + minute * MINUTE_MS;
  const publishTime = new Date(fake.world.nowMs).toISOString();
  const about = { budget: 0, period: 1, percent, namesThreshold: true, forecastPercent: undefined };
  const { attributes, data } = wireOf({ ...about, amountPercent: 100, currency: 'USD' });
  const text = Buffer.from(JSON.stringify(data)).toString('base64');
  const message = { data: text, attributes, messageId: publishTime, publishTime };
  const event = { id: publishTime, source: '//pubsub.googleapis.com/projects/p/topics/t', data: { message } };
  await handleEvent(fake.runtime, event, guardBudget);
}

it('observing, a look at what was stopped before lists what burns on, with its cost and the command that ends it', async () => {
  fake.world.nowMs = START;
  await hear(0, 105);
  mode = 'observe';
  fake.world.lines.length = 0;
  await hear(30, 106);
  const entries = fake.world.lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  const [said, ...others] = entries.filter(({ message }) =>
    String(message).startsWith('stop-compute has nothing to take on ml-research, '),
  );
  expect(others).toEqual([]);
  expect(said).toMatchObject({ severity: 'WARNING' });
  const left = said?.['leftBurning'] as readonly Readonly<Record<string, string>>[];
  const vm = left.find(({ resource = '' }) => resource.endsWith('/vm-1-kept') || resource.includes('-kept'));
  expect(vm?.['command']).toMatch(/^gcloud /);
  expect(vm?.['cost']).toBeDefined();
});
