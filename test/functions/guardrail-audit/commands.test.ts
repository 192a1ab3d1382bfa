import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findingKinds } from '../../../functions/egress-auditor/report/report.ts';
import { RULES } from '../../../functions/guardrail-audit/rules/rules.ts';
import { EGRESS_FINDINGS, GCLOUD_COMMANDS, TOLD } from '../../support/guardrail-commands.ts';

const FUNCTION = join(import.meta.dirname, '../../../functions/guardrail-audit');

/** What no command of gcloud can do: a change of the policy, and of what only the console shows. */
const BY_HAND = [
  /^Name a budget that covers the project in budgets\.allow of costguard\.yaml/,
  /^Set budgets\.basis: actual, or give the budget a calendar period/,
  /^Console: https:\/\/console\.cloud\.google\.com\/billing\//,
];

/** The beginnings of the commands in the source, as far as nothing is filled in. */
function templates(): readonly string[] {
  const files = readdirSync(FUNCTION, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const sources = files.map((name) => readFileSync(join(FUNCTION, name), 'utf8'));
  return [
    ...new Set(
      sources.flatMap((text) => [...text.matchAll(/[`'](gcloud [^`'$]*)/g)].map(([, one = '']) => one)),
    ),
  ];
}

describe('the commands that gcloud’s linter is given', () => {
  it('are of every rule', () => {
    const told = new Set<string>(
      TOLD.filter(({ command }) => command.startsWith('gcloud ')).map(({ rule }) => rule),
    );
    expect(Object.keys(RULES).filter((rule) => !told.has(rule))).toEqual([]);
  });

  it('are of every template in the source', () => {
    expect(templates().length).toBeGreaterThan(30);
    expect(templates().filter((start) => !GCLOUD_COMMANDS.some((line) => line.startsWith(start)))).toEqual(
      [],
    );
  });

  it('deploy no folder that gcloud happens to be called in, and replace no settings that are not theirs', () => {
    const deploys = GCLOUD_COMMANDS.filter((line) => line.startsWith('gcloud functions deploy '));
    expect(deploys.length).toBeGreaterThan(2);
    expect(deploys.filter((line) => !/ --source=\S/.test(line))).toEqual([]);
    const replaces = / --(?:set-(?:build-)?env-vars|set-secrets|clear-[a-z-]+|labels)\b/;
    expect(
      GCLOUD_COMMANDS.filter((line) => replaces.test(line) && !line.startsWith('gcloud projects create ')),
    ).toEqual([]);
  });

  it('are of every mistake of the egress auditor', () => {
    expect([...new Set(EGRESS_FINDINGS.map(({ kind }) => kind))].sort()).toEqual([...findingKinds].sort());
  });

  it('are all that is told, but for what is done by hand', () => {
    const others = TOLD.map(({ command }) => command).filter((one) => !one.startsWith('gcloud '));
    expect(others.filter((one) => !BY_HAND.some((known) => known.test(one)))).toEqual([]);
  });
});
