import { describe, expect, it } from 'vitest';
import { fakeGoogle } from '../../support/fake-google.ts';
import { FATES, meetFate, type Fate } from '../../support/write-fates.ts';
import { OWN_PROJECT, policyText } from '../../support/ladder-model.ts';
import { LIVE_LADDER, type LiveWorld, MEMORY, startLive } from '../../support/live-world.ts';

/** So many dollars an hour; $100 are the budget, and 25 of them are spent. */
const RUNAWAY = 300;

/** The tick after these rounds is the one that stops. */
const CALM_ROUNDS = 2;

/** What happens to a request of the tick that stops. */
interface Harm {
  /** The how many-th request of the tick. */
  readonly at: number;
  readonly fate: Fate;
  /** Whether the instance dies of it: nothing that it sends afterwards leaves. */
  readonly dies: boolean;
}

let harm: Harm | undefined;
let requests: string[] = [];

const fake = fakeGoogle({
  world: { nowMs: 0 } as never,
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () => policyText(LIVE_LADDER),
  async around(request, answer) {
    requests.push(request);
    const now = requests.length - 1;
    if (harm === undefined || now < harm.at) return answer();
    if (now === harm.at) return meetFate(harm.fate, answer);
    return harm.dies ? meetFate(FATES['a reset without an effect'], answer) : answer();
  },
});

/** Up to the tick that stops, which meets the harm. */
async function play(disturbed: Harm | undefined): Promise<LiveWorld> {
  harm = undefined;
  const live = await startLive(fake);
  live.burn('ml-research', RUNAWAY);
  for (let n = 0; n < CALM_ROUNDS; n++) await live.round();
  expect(fake.world.changes).toEqual([]);
  live.pass(5);
  live.look();
  live.pass(2);
  requests = [];
  harm = disturbed;
  await live.tick().catch(() => undefined);
  harm = undefined;
  live.pass(-2);
  return live;
}

const changes = ({ fake: { world } }: LiveWorld): readonly string[] => [...world.changes].sort();

const undisturbed = await play(undefined);
const OF_TICK = [...requests];
const STOPPED = changes(undisturbed);

/** What the tick sent first under each method and place; the rest of a place is more of the same. */
const MOMENTS = OF_TICK.flatMap((request, at) => {
  const place = request.replace(/\?.*/, '');
  return OF_TICK.findIndex((other) => other.replace(/\?.*/, '') === place) === at ? [{ request, at }] : [];
});
const OF_A_WRITE = Object.entries(FATES).flatMap(([title, fate]) =>
  [false, true].map((dies) => ({ title: `${title}${dies ? ', and the instance dies' : ''}`, fate, dies })),
);
const OF_A_READ = OF_A_WRITE.filter(({ title }) =>
  ['a refusal', 'garbage without an effect', 'a reset without an effect, and the instance dies'].includes(
    title,
  ),
);
const isWrite = (request: string): boolean => !request.startsWith('GET');

describe('the tick that stops by the estimate', () => {
  it('stops without harm what runs, each thing once, and unlinks nothing', () => {
    expect(STOPPED.filter((change) => change.startsWith('stop ml-research/vm-1'))).toHaveLength(1);
    expect(STOPPED.filter((change) => change.startsWith('unlink'))).toEqual([]);
    expect(OF_TICK.some((request) => request.includes('estimates.json'))).toBe(true);
  });

  for (const { request, at } of MOMENTS)
    for (const { title, fate, dies } of isWrite(request) ? OF_A_WRITE : OF_A_READ)
      it(`${shortOf(request)} (${at + 1}) with ${title}: the same end two rounds later`, async () => {
        const live = await play({ at, fate, dies });
        await live.round();
        await live.round();
        expect(changes(live)).toEqual(STOPPED);
        expect(fake.world.objects.get(MEMORY)?.text).toContain('"version":1');
      });
});

function shortOf(request: string): string {
  return request.replace(/^(\w+) https:\/\/([^/]+).*\/(.*)$/, '$1 $2 … $3').slice(0, 90);
}
