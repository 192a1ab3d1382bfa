import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeProject } from '../../../functions/guardrail-audit/decide.ts';
import { gcloudMissing } from '../../sandbox/gcloud/gcloud.ts';
import { needs } from '../../support/needs.ts';
import { clean, config, NOW } from '../../support/guardrail-facts.ts';
import { CASES } from '../../support/guardrail-mistakes.ts';

/** Every command that a finding of the table tells. */
function commands(): readonly string[] {
  const all = CASES.flatMap(({ facts, config: more }) =>
    judgeProject({ ...clean, ...facts }, { ...config, ...more }, NOW).flatMap(({ found }) =>
      found.flatMap((one) => one.commands),
    ),
  );
  return [...new Set(all)].filter((line) => line.startsWith('gcloud ') && line.split(' ').length > 2).sort();
}

/** What gcloud's own parser refuses, each with its reason. */
function lint(lines: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'costguard-audit-lint-'));
  try {
    const file = join(folder, 'commands.json');
    writeFileSync(file, JSON.stringify(lines.map((line) => ({ command_string: line }))));
    const { stdout } = spawnSync('gcloud', ['meta', 'lint-gcloud-commands', `--commands-file=${file}`], {
      // The linter makes the files that a command would write.
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, HOME: folder, CLOUDSDK_CONFIG: folder, CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1' },
    });
    const results = JSON.parse(stdout) as readonly {
      command_string: string;
      success: boolean;
      error_message?: string;
    }[];
    return results
      .filter(({ success }) => !success)
      .map(({ command_string, error_message = '' }) => `${command_string}: ${error_message}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('what findings tell to run', needs(gcloudMissing()), () => {
  it('is understood by gcloud, command by command', () => {
    const lines = commands();
    expect(lines.length).toBeGreaterThan(30);
    expect(lint(lines)).toEqual([]);
  });
});
