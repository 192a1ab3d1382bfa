import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { createRuntimeApi } from '../../../shared/run/runtime-api.ts';
import { createState, type State } from '../../../shared/state/state.ts';
import { startInstance, withSandbox } from '../../support/in-process.ts';
import { BUCKET, labPolicy, labScenario } from '../../support/lab.ts';

const NAME = 'idle-notebook-stopper';
const LIST = 'storage.objects.list';

/** The state bucket as a function sees it whose account can or cannot list its objects. */
function withState(
  options: { readonly lists: boolean; readonly answer: 'forbidden' | 'not-found' },
  test: (state: State) => Promise<void>,
): Promise<void> {
  return withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
    const { runtime } = startInstance(sandbox, { name: NAME, policy: labPolicy() });
    sandbox.storage.answerMissing(options.answer);
    if (!options.lists) {
      const all = [...sandbox.iam.bindings];
      sandbox.iam.unbind(({ permissions }) => permissions !== 'all' && permissions.includes(LIST));
      for (const { permissions, ...binding } of all)
        if (permissions !== 'all' && permissions.includes(LIST))
          sandbox.iam.bind({ ...binding, permissions: permissions.filter((one) => one !== LIST) });
    }
    await test(createState({ api: createRuntimeApi(runtime, 60_000), bucket: BUCKET }));
  });
}

describe('State.read of an object that is not there', () => {
  for (const answer of ['forbidden', 'not-found'] as const)
    it(`tells so with the deployed roles, where Google says ${answer} to who may not list`, () =>
      withState({ lists: true, answer }, async (state) => {
        assert.equal(await state.read('memory/idle-notebook-stopper/a.json'), undefined);
        await state.write('memory/idle-notebook-stopper/a.json', '1', { ifGeneration: '0' });
        assert.equal((await state.read('memory/idle-notebook-stopper/a.json'))?.text, '1');
      }));

  it('takes a 403 for no answer, never for "nothing stored"', () =>
    withState({ lists: false, answer: 'forbidden' }, async (state) => {
      await assert.rejects(state.read('memory/idle-notebook-stopper/a.json'), {
        name: 'GoogleApiError',
        status: 403,
      });
    }));

  it('tells so without storage.objects.list where Google says 404 all the same', () =>
    withState({ lists: false, answer: 'not-found' }, async (state) => {
      assert.equal(await state.read('memory/idle-notebook-stopper/a.json'), undefined);
    }));
});
