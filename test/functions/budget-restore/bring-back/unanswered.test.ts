import { expect, it } from 'vitest';
import { restoreWorld } from '../../../support/restore-world.ts';

/** Starts of ws-1 that were sent while their answers are lost; undefined: all is answered. */
let lost: string[] | undefined;

const lab = restoreWorld(async (request, answer) => {
  if (lost === undefined || !/^POST .*\/ws-1:start$/.test(request)) return answer();
  lost.push(request);
  // It came through: the machine was started just now, and is off again.
  const machine = lab.project().machines.get('ws-1');
  if (machine !== undefined) machine.shows = { startTime: new Date(lab.fake.world.nowMs).toISOString() };
  throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
});

const lineOf = async () => (await lab.restore()).results?.find(({ resource }) => resource.endsWith('/ws-1'));

it('a start without an answer, after which the machine is off again, is not taken for an operator’s and not requested twice', async () => {
  await lab.stopResources();
  lost = [];
  const first = await lineOf();
  const second = await lineOf();
  expect(lost).toHaveLength(1);
  for (const line of [first, second])
    expect(line).toMatchObject({
      outcome: 'left',
      why: expect.stringMatching(
        /^it was started since the restore requested that, which was cut off before an answer came, and is off again: /,
      ) as string,
    });
}); // prettier-ignore
