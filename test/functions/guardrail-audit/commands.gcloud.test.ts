import { describe, expect, it } from 'vitest';
import { gcloudMissing } from '../../sandbox/gcloud/gcloud.ts';
import { lintCommands } from '../../sandbox/gcloud/lint-commands.ts';
import { GCLOUD_COMMANDS } from '../../support/guardrail-commands.ts';
import { needs } from '../../support/needs.ts';

describe('what findings tell to run', needs(gcloudMissing()), () => {
  it('is understood by gcloud, command by command', () => {
    expect(GCLOUD_COMMANDS.length).toBeGreaterThan(60);
    expect(lintCommands(GCLOUD_COMMANDS)).toEqual([]);
  });
});
