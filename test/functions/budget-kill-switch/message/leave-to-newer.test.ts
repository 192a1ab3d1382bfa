import { describe, expect, it } from 'vitest';
import { guardBudget } from '../../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../../shared/run/handle-event.ts';
import { fakeGoogle } from '../../../support/fake-google.ts';
import { newWorld, OWN_PROJECT, policyText, wireOf } from '../../../support/ladder-model.ts';

const MINUTE_MS = 60_000;
const RESEARCH = 'ml-research';
const START = Date.parse('2026-11-18T12:00:00Z');

/** What comes while a run is at work: before its next request of that kind. */
let meanwhile: { readonly before: RegExp; readonly come: () => Promise<unknown> } | undefined;

const fake = fakeGoogle({
  world: newWorld(),
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () =>
    policyText({
      mode: 'enforce',
      basis: 'actual',
      ladder: [
        { atPercent: 80, do: 'stop-notebooks' },
        { atPercent: 100, do: 'stop-compute' },
        { atPercent: 120, do: 'unlink-billing' },
      ],
    }),
  async around(request, answer) {
    const now = meanwhile;
    if (now?.before.test(request) === true) {
      meanwhile = undefined;
      await now.come();
    }
    return answer();
  },
});

async function deliver(
  data: object,
  attributes: Readonly<Record<string, string>>,
  publishedMs: number,
): Promise<void> {
  const publishTime = new Date(publishedMs).toISOString();
  const text = Buffer.from(JSON.stringify(data)).toString('base64');
  const message = { data: text, attributes, messageId: publishTime, publishTime };
  const event = { id: publishTime, source: '//pubsub.googleapis.com/projects/p/topics/t', data: { message } };
  await handleEvent(fake.runtime, event, guardBudget);
}

/** A message that was published so many minutes after noon. */
async function hear(minute: number, percent: number): Promise<void> {
  const publishedMs = START + minute * MINUTE_MS;
  fake.world.nowMs = Math.max(fake.world.nowMs, publishedMs);
  const about = { budget: 0, period: 1, percent, namesThreshold: percent >= 50, forecastPercent: undefined };
  const { attributes, data } = wireOf({ ...about, amountPercent: 100, currency: 'USD' });
  await deliver(data, attributes, publishedMs);
}

function begin(): void {
  meanwhile = undefined;
  fake.world = newWorld();
  fake.world.nowMs = START;
}

/** What became of the project. */
const changes = (): readonly string[] =>
  ['stop nb-1', 'stop nb-2', 'stop vm-1', 'unlink'].filter((what) =>
    fake.world.changes.some(
      (change) => change.replace(`${RESEARCH}/`, '') === what || change === `${what} ${RESEARCH}`,
    ),
  );
const said = (severity: string, part: string): readonly string[] =>
  fake.world.lines.filter((line) => line.includes(`"${severity}"`) && line.includes(part));

const LEASE = /^POST .*manifests%2F.*ml-research/;
const LOOK = /ml-research\/aggregated\/instances\?/;
const LINK = /^GET .*ml-research\/billingInfo/;
const NOTEBOOKS = ['stop nb-1', 'stop nb-2'];

describe('a message that comes while an older one is at work', () => {
  it.each([
    ['before the lease is taken, and reaches nothing', LEASE, 40, []],
    ['before the lease is taken, and reaches stop-notebooks', LEASE, 85, NOTEBOOKS],
    ['before stop-compute has looked, and reaches stop-notebooks', LOOK, 85, NOTEBOOKS],
    ['before billing is looked at, and does not reach unlinking', LINK, 110, [...NOTEBOOKS, 'stop vm-1']],
  ] as const)('%s: no rung fires that it does not reach', async (_, before, percent, expected) => {
    begin();
    meanwhile = { before, come: () => hear(0.5, percent).catch(() => undefined) };
    await hear(0, 130);
    expect(meanwhile).toBeUndefined();
    expect(changes()).toEqual(expected);
    expect(said('WARNING', 'to the newer message: one published at 2026-11-18T12:00:30.000Z')).not.toEqual(
      [],
    );
  });

  it('decides about unlinking where both reach it', async () => {
    begin();
    meanwhile = { before: LINK, come: () => hear(0.5, 131).catch(() => undefined) };
    await hear(0, 130);
    expect(changes()).toEqual([...NOTEBOOKS, 'stop vm-1']);
    expect(said('INFO', 'unlink-billing is left on ml-research to the newer message')).toHaveLength(1);
    await hear(0.5, 131);
    expect(changes().at(-1)).toBe('unlink');
  });

  it('holds a tick back from what it no longer reaches', async () => {
    begin();
    await hear(0, 105);
    fake.world.projects.find(({ id }) => id === RESEARCH)?.vms.set('vm-1', true);
    fake.world.nowMs += 5 * MINUTE_MS;
    fake.world.changes.length = 0;
    meanwhile = { before: LEASE, come: () => hear(5.5, 40) };
    await deliver({}, {}, fake.world.nowMs);
    expect(meanwhile).toBeUndefined();
    expect(changes()).toEqual([]);
    expect(said('INFO', 'rungs are left to a newer message').length).toBeGreaterThan(0);
    expect(said('INFO', 'all due rungs have fired before')).toEqual([]);
  });
});

it('what a message reaches fires where one that was published before it comes meanwhile', async () => {
  begin();
  meanwhile = { before: LEASE, come: () => hear(-2, 40) };
  await hear(0, 105);
  expect(meanwhile).toBeUndefined();
  expect(changes()).toEqual([...NOTEBOOKS, 'stop vm-1']);
});
