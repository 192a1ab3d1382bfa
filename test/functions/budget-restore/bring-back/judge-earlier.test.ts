import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../../functions/budget-restore/bring-back/judge-earlier.ts';
import { COLAB_RUNTIMES } from '../../../../shared/resources/vertex/colab-runtime.ts';
import { refuse, scriptedApi, type Script } from '../../../support/scripted-api.ts';

const LOCATION = 'projects/p/locations/us-central1';
const back = COLAB_RUNTIMES.bringBack({ resource: `${LOCATION}/notebookRuntimes/r`, record: {} });
const earlier = { atMs: 1, operation: `${LOCATION}/operations/7` };

async function failureWith(script: Script): Promise<string> {
  const [step] = back.kind === 'steps' ? back.steps : [];
  if (step === undefined) throw new Error('A runtime comes back by no step');
  return failureOf({ api: scriptedApi(script).api }, step, 'it is ERROR', earlier);
}

describe('what broke with its start', () => {
  it('is told with what the operation of the start ended with', async () => {
    const ended = { name: earlier.operation, done: true, error: { code: 8, message: 'no quota' } };
    expect(await failureWith(() => ended)).toMatch(/^it is ERROR; its start ended with: .*no quota/);
  });

  it.each([403, 404, 429, 500, 503])(
    'is told all the same where Google answers %i for that operation',
    async (status) => {
      expect(await failureWith(() => refuse(status))).toBe('it is ERROR');
    },
  );
});
