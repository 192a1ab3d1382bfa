import { describe, expect, it } from 'vitest';
import { deployCommands } from '../../../../functions/budget-restore/bring-back/deploy-command.ts';
import { gcloudMissing } from '../../../sandbox/gcloud/gcloud.ts';
import { lintCommands } from '../../../sandbox/gcloud/lint-commands.ts';
import { DEPLOYED, ENDPOINT, PROJECT } from '../../../support/deployed-models.ts';
import { needs } from '../../../support/needs.ts';

describe('what deploys a model by hand', needs(gcloudMissing()), () => {
  it('is understood by gcloud', () => {
    const text = deployCommands({ resource: ENDPOINT }, Object.values(DEPLOYED), PROJECT);
    const commands = text.replace(/; that does not set: .*$/, '').split(' && ');
    expect(commands).toHaveLength(3);
    expect(lintCommands(commands)).toEqual([]);
  });
});
