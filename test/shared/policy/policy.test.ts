import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { PermanentError } from '../../../shared/errors.ts';
import {
  parsePolicy,
  parsePolicyFor,
  policyDigest,
  PolicyError,
  policySections,
} from '../../../shared/policy/policy.ts';
import type { PolicyProblem } from '../../../shared/policy/problems.ts';

const scope = 'scope: [projects/ml-dev]\n';
const state = 'state: gs://ml-ops-costguard\n';
const budget = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const armed = `${scope}${state}budgets: {mode: enforce, allow: [${budget}]`;

function problemsOf(text: string): readonly PolicyProblem[] {
  try {
    parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicyError) return error.problems;
    throw error;
  }
  return [];
}

const inNotebooks = (keys: string) => `${scope}notebooks: {${keys}}`;
const inHours = (keys: string) => `${scope}${state}notebooks: {hours: {${keys}}}`;
const inLifecycle = (keys: string) => `${scope}lifecycle: {${keys}}`;
const inBucketPolicy = (keys: string) => inLifecycle(`policies: [{name: p, ${keys}}]`);
const inMatch = (keys: string) => inBucketPolicy(`rules: [], match: {${keys}}`);
const inRule = (rule: string) => inBucketPolicy(`rules: [{${rule}}]`);
const inCondition = (keys: string) => inRule(`action: {type: Delete}, condition: {${keys}}`);
const rulePath = 'lifecycle.policies[0].rules[0]';
const berlin = 'timezone: Europe/Berlin, days: [mon]';

/** Name, text, path and a part of the message of the one problem it has. */
type BadInput = readonly [name: string, text: string, path: string, message: RegExp];

const badInputs: readonly BadInput[] = [
  ['an empty file', '', '(file)', /^empty; expected a map/],
  ['comments only', '# nothing\n', '(file)', /^empty; expected a map/],
  ['a list', '[1]', '(file)', /^got a list; expected a map/],
  ['a text', 'hello', '(file)', /^got "hello"; expected a map/],
  [
    'broken YAML',
    `${scope}state: "gs://x`,
    '(file)',
    /^line 2, column \d+: got "state: .*Missing closing "quote/,
  ],
  ['tab indentation', `${scope}notebooks:\n\tmaxStops: 1`, '(file)', /^line 3, column 1: .*[Tt]ab/],
  [
    'a duplicate key',
    `${scope}mode: observe\nmode: enforce`,
    '(file)',
    /^line 3, column 1: got "mode: enforce"; Map keys must be unique/,
  ],
  [
    'two documents',
    `${scope}---\n${scope}`,
    '(file)',
    /^line 2, column 1: got "---"; expected one document only/,
  ],
  ['an unknown tag', `${scope}state: !!x gs://abc`, '(file)', /^line 2, column 8: .*Unresolved tag/],
  ['an unknown anchor', `${scope}state: *nowhere`, '(file)', /Unresolved alias/],
  [
    'an alias bomb',
    `a: &a [1,1]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]`,
    '(file)',
    /Excessive alias count/,
  ],

  [
    'an unknown key',
    `${scope}notebook: {}`,
    'notebook',
    /^unknown key; expected one of: mode, scope, .*notebooks/,
  ],
  ['an unknown key with a space', `${scope}"idle after": 5m`, '["idle after"]', /^unknown key/],
  ['a key named __proto__', `${scope}__proto__: {mode: enforce}`, '__proto__', /^unknown key/],
  ['a key named toString', `${scope}toString: 1`, 'toString', /^unknown key/],
  ['a merge key', `${scope}<<: {mode: enforce}`, '["<<"]', /^unknown key/],
  ['an unknown mode', `${scope}mode: dry-run`, 'mode', /^got "dry-run"; expected one of: observe, enforce$/],
  ['an empty mode', `${scope}mode:`, 'mode', /^empty; expected one of: observe, enforce$/],
  ['no scope', 'mode: observe', 'scope', /^missing; expected a list/],
  ['an empty scope', 'scope: []', 'scope', /^got an empty list; expected a list, one entry at least/],
  ['scope without a list', 'scope: projects/ml-dev', 'scope', /^got "projects\/ml-dev"; expected a list/],
  [
    'a bare project in scope',
    'scope: [ml-dev]',
    'scope[0]',
    /^got "ml-dev"; expected projects\/ID, folders\/NUMBER/,
  ],
  ['a project number', 'scope: [projects/123456789012]', 'scope[0]', /a project id, not its number/],
  ['a project id of 5', 'scope: [projects/abcde]', 'scope[0]', /6 to 30/],
  ['a project id of 31', `scope: [projects/${'a'.repeat(31)}]`, 'scope[0]', /6 to 30/],
  ['a project id ending in a hyphen', 'scope: [projects/abcdef-]', 'scope[0]', /6 to 30/],
  ['a folder by name', 'scope: [folders/ml-team]', 'scope[0]', /folders\/NUMBER/],
  [
    'a scope entry twice',
    'scope: [projects/ml-dev, folders/1, projects/ml-dev]',
    'scope[2]',
    /"projects\/ml-dev" a second time/,
  ],
  ['state without gs://', `${scope}state: ml-ops`, 'state', /^got "ml-ops"; expected gs:\/\/BUCKET/],
  [
    'state with a path',
    `${scope}state: gs://ml-ops/costguard`,
    'state',
    /without a path or a slash at the end/,
  ],
  [
    'state with a slash at the end',
    `${scope}state: gs://ml-ops/`,
    'state',
    /without a path or a slash at the end/,
  ],
  ['a bucket name of 2', `${scope}state: gs://ab`, 'state', /a valid bucket name/],
  ['a bucket name of 64', `${scope}state: gs://${'a'.repeat(64)}`, 'state', /a valid bucket name/],
  ['a bucket name with capitals', `${scope}state: gs://ML-ops`, 'state', /a valid bucket name/],
  ['a bucket name that is an address', `${scope}state: gs://192.168.5.4`, 'state', /a valid bucket name/],
  ['a bucket name with two dots', `${scope}state: gs://a..b`, 'state', /a valid bucket name/],
  ['a bucket name with google', `${scope}state: gs://my-google-state`, 'state', /a valid bucket name/],
  [
    'receipts without projects/',
    `${scope}receipts: costguard-receipts`,
    'receipts',
    /expected projects\/PROJECT\/topics\/TOPIC/,
  ],
  [
    'a section that is no map',
    `${scope}notebooks: on`,
    'notebooks',
    /^got "on"; expected a map with keys such as: mode, idleAfter/,
  ],
  [
    'a bare section with a key that is required',
    `${scope}budgets:`,
    'budgets.mode',
    /^missing; expected one of: observe, enforce/,
  ],

  [
    'idleAfter without unit',
    inNotebooks('idleAfter: 60'),
    'notebooks.idleAfter',
    /^got 60; expected a whole number with its unit/,
  ],
  [
    'idleAfter quoted, without unit',
    inNotebooks('idleAfter: "60"'),
    'notebooks.idleAfter',
    /^got "60"; .* such as 90s, 60m/,
  ],
  [
    'an address in place of a secret',
    `${scope}notify: {channels: [{kind: slack, secret: "https://hooks.slack.com/services/T0/B0/x"}]}\n`,
    'notify.channels[0].secret',
    /^got something else than a reference to a secret; expected \{kind: slack \| teams \| webhook, secret: projects/,
  ],
  [
    'a channel without its topic',
    `${scope}notify: {channels: [{kind: topic}]}\n`,
    'notify.channels[0]',
    /or \{kind: topic, topic: projects/,
  ],
  ['no channels', `${scope}notify: {channels: []}\n`, 'notify.channels', /one at least/],
  ['idleAfter of 9m', inNotebooks('idleAfter: 9m'), 'notebooks.idleAfter', /^got "9m"; .*10m to 7d/],
  ['idleAfter of 599s', inNotebooks('idleAfter: 599s'), 'notebooks.idleAfter', /in whole minutes/],
  ['idleAfter of 601s', inNotebooks('idleAfter: 601s'), 'notebooks.idleAfter', /in whole minutes/],
  ['idleAfter of 10081m', inNotebooks('idleAfter: 10081m'), 'notebooks.idleAfter', /10m to 7d/],
  ['idleAfter of 1w', inNotebooks('idleAfter: 1w'), 'notebooks.idleAfter', /unit s, m, h or d/],
  [
    'cpuBelow as a percentage',
    inNotebooks('cpuBelow: 5'),
    'notebooks.cpuBelow',
    /^got 5; expected cores such as .*or a fraction of all vCPUs.*0\.05 is 5 %/,
  ],
  ['cpuBelow quoted', inNotebooks('cpuBelow: "0.05"'), 'notebooks.cpuBelow', /^got "0.05"; .*without quotes/],
  [
    'cpuBelow of 0 cores',
    inNotebooks('cpuBelow: 0 cores'),
    'notebooks.cpuBelow',
    /^got "0 cores"; expected cores/,
  ],
  [
    'cpuBelow of half a core in words',
    inNotebooks('cpuBelow: half a core'),
    'notebooks.cpuBelow',
    /"0\.5 cores"/,
  ],
  ['diskBelow without unit', inNotebooks('diskBelow: 1000'), 'notebooks.diskBelow', /^got 1000; .*KiB\/s/],
  ['cpuBelow of 0', inNotebooks('cpuBelow: 0'), 'notebooks.cpuBelow', /^got 0; .*above 0/],
  ['cpuBelow of 1.01', inNotebooks('cpuBelow: 1.01'), 'notebooks.cpuBelow', /at most 1 /],
  ['cpuBelow of NaN', inNotebooks('cpuBelow: .nan'), 'notebooks.cpuBelow', /^got NaN;/],
  [
    'gpuBelow of 0',
    inNotebooks('gpuBelow: 0'),
    'notebooks.gpuBelow',
    /^got 0; expected a percentage.*above 0/,
  ],
  ['gpuBelow of 100.5', inNotebooks('gpuBelow: 100.5'), 'notebooks.gpuBelow', /at most 100/],
  ['gpuBelow with %', inNotebooks('gpuBelow: 5%'), 'notebooks.gpuBelow', /^got "5%"; .*without quotes or %/],
  [
    'networkBelow without unit',
    inNotebooks('networkBelow: 20480'),
    'notebooks.networkBelow',
    /^got 20480; .*such as 20KiB\/s/,
  ],
  [
    'networkBelow in KB/s',
    inNotebooks('networkBelow: 20KB/s'),
    'notebooks.networkBelow',
    /KiB\/s, MiB\/s or GiB\/s/,
  ],
  ['networkBelow of 0', inNotebooks('networkBelow: 0KiB/s'), 'notebooks.networkBelow', /above 0/],
  ['minCoverage of 0', inNotebooks('minCoverage: 0'), 'notebooks.minCoverage', /above 0 and at most 1/],
  ['minCoverage of 80', inNotebooks('minCoverage: 80'), 'notebooks.minCoverage', /^got 80; .*0\.8 is 80 %/],
  [
    'gpuSignalMissing',
    inNotebooks('gpuSignalMissing: stop'),
    'notebooks.gpuSignalMissing',
    /^got "stop"; expected one of: infer, keep, ignore$/,
  ],
  [
    'keepLabel with a capital',
    inNotebooks('keepLabel: Keep'),
    'notebooks.keepLabel',
    /^got "Keep"; expected a label key/,
  ],
  ['keepLabel of 64', inNotebooks(`keepLabel: ${'a'.repeat(64)}`), 'notebooks.keepLabel', /1 to 63/],
  ['keepLabel of digits first', inNotebooks('keepLabel: 1keep'), 'notebooks.keepLabel', /a letter first/],
  ['keepLabel empty', inNotebooks('keepLabel: ""'), 'notebooks.keepLabel', /^got ""; expected a label key/],
  [
    'warnBefore without state',
    inNotebooks('warnBefore: 15m'),
    'notebooks.warnBefore',
    /expected the top-level key state/,
  ],
  [
    'warnBefore of 0 without unit',
    inNotebooks('warnBefore: 0'),
    'notebooks.warnBefore',
    /^got 0; .*0m = no warning/,
  ],
  ['warnBefore of 8d', `${state}${inNotebooks('warnBefore: 8d')}`, 'notebooks.warnBefore', /at most 7d/],
  ['maxStops below 0', inNotebooks('maxStops: -1'), 'notebooks.maxStops', /^got -1; expected a whole number/],
  [
    'maxStops with a fraction',
    inNotebooks('maxStops: 1.5'),
    'notebooks.maxStops',
    /^got 1.5; expected a whole number/,
  ],
  [
    'maxActions of notebooks below 0',
    inNotebooks('maxActions: -1'),
    'notebooks.maxActions',
    /^got -1; expected a whole number/,
  ],
  ['maxStops quoted', inNotebooks('maxStops: "20"'), 'notebooks.maxStops', /^got "20"; .*without quotes/],
  ['maxStops past int32', inNotebooks('maxStops: 2147483648'), 'notebooks.maxStops', /whole number/],
  [
    'nativeIdleShutdown',
    inNotebooks('nativeIdleShutdown: true'),
    'notebooks.nativeIdleShutdown',
    /^got true; expected one of: report, repair$/,
  ],
  [
    'terraformManaged',
    inNotebooks('terraformManaged: keep'),
    'notebooks.terraformManaged',
    /one of: enforce, report/,
  ],
  [
    'a key in wrong case',
    inNotebooks('idleafter: 60m'),
    'notebooks.idleafter',
    /^unknown key; expected one of: mode, idleAfter/,
  ],

  [
    'hours without timezone',
    inHours('days: [mon], from: "08:00", to: "20:00"'),
    'notebooks.hours.timezone',
    /^missing; expected a time zone/,
  ],
  [
    'an unknown timezone',
    inHours('timezone: Mars/Base, days: [mon], from: "08:00", to: "20:00"'),
    'notebooks.hours.timezone',
    /^got "Mars\/Base"; .*Europe\/Berlin/,
  ],
  [
    'an offset as timezone',
    inHours('timezone: "+02:00", days: [mon], from: "08:00", to: "20:00"'),
    'notebooks.hours.timezone',
    /IANA/,
  ],
  [
    'no days',
    inHours('timezone: UTC, days: [], from: "08:00", to: "20:00"'),
    'notebooks.hours.days',
    /^got an empty list; expected a list of days/,
  ],
  [
    'an unknown day',
    inHours('timezone: UTC, days: [monday], from: "08:00", to: "20:00"'),
    'notebooks.hours.days[0]',
    /^got "monday"; expected one of: mon, tue/,
  ],
  [
    'a day twice',
    inHours('timezone: UTC, days: [mon, tue, mon], from: "08:00", to: "20:00"'),
    'notebooks.hours.days[2]',
    /^got "mon" a second time/,
  ],
  [
    'from as a number',
    inHours(`${berlin}, from: 800, to: "20:00"`),
    'notebooks.hours.from',
    /^got 800; .*in quotes.*"08:00"/,
  ],
  [
    'from without leading zero',
    inHours(`${berlin}, from: 8:00, to: "20:00"`),
    'notebooks.hours.from',
    /two digits each/,
  ],
  [
    'to of 24:00',
    inHours(`${berlin}, from: "08:00", to: "24:00"`),
    'notebooks.hours.to',
    /^got "24:00"; .*to "23:59"/,
  ],
  ['to of 20:60', inHours(`${berlin}, from: "08:00", to: "20:60"`), 'notebooks.hours.to', /^got "20:60"/],
  [
    'to equal to from',
    inHours(`${berlin}, from: "08:00", to: "08:00"`),
    'notebooks.hours.to',
    /the same time as from/,
  ],
  [
    'start as text',
    inHours(`${berlin}, from: "08:00", to: "20:00", start: yes`),
    'notebooks.hours.start',
    /^got "yes"; expected true or false/,
  ],
  [
    'start without state',
    inNotebooks(`hours: {${berlin}, from: "08:00", to: "20:00", start: true}`),
    'notebooks.hours.start',
    /expected the top-level key state/,
  ],
  ['hours: false', inNotebooks('hours: false'), 'notebooks.hours', /^got false; expected a map/],

  [
    'budgets without mode',
    `${scope}${state}budgets: {allow: [${budget}]}`,
    'budgets.mode',
    /^missing; expected one of: observe, enforce$/,
  ],
  [
    'budgets with an empty mode',
    `${scope}${state}budgets: {mode: , allow: [${budget}]}`,
    'budgets.mode',
    /^empty; expected one of/,
  ],
  [
    'the top mode does not arm the switch',
    `mode: enforce\n${scope}${state}budgets: {allow: [${budget}]}`,
    'budgets.mode',
    /^missing/,
  ],
  [
    'no allow for the default ladder',
    `${scope}${state}budgets: {mode: observe}`,
    'budgets.allow',
    /^empty, but the ladder goes on to "unlink-billing"/,
  ],
  [
    'an empty allow',
    `${scope}${state}budgets: {mode: observe, allow: []}`,
    'budgets.allow',
    /^empty, but the ladder/,
  ],
  [
    'allow without a list',
    `${scope}${state}budgets: {mode: observe, allow: ${budget}}`,
    'budgets.allow',
    /expected a list of budgets/,
  ],
  [
    'a budget by display name',
    `${scope}${state}budgets: {mode: observe, allow: [ml-cap]}`,
    'budgets.allow[0]',
    /^got "ml-cap"; expected billingAccounts\/XXXXXX/,
  ],
  [
    'a billing account in lower case',
    `${scope}${state}budgets: {mode: observe, allow: [${budget.replace('0A1B2C', '0a1b2c')}]}`,
    'budgets.allow[0]',
    /billingAccounts\/XXXXXX/,
  ],
  [
    'a budget twice',
    `${scope}${state}budgets: {mode: observe, allow: [${budget}, ${budget}]}`,
    'budgets.allow[1]',
    /a second time/,
  ],
  [
    'a ladder that needs state',
    `${scope}budgets: {mode: observe, allow: [${budget}]}`,
    'budgets.ladder',
    /^got "unlink-billing", .*expected the top-level key state/,
  ],
  [
    'protect with a folder',
    `${armed}, protect: [folders/1]}`,
    'budgets.protect[0]',
    /expected projects\/ID or just ID/,
  ],
  [
    'a model account that is a person',
    `${armed}, modelAccounts: [me@example.com]}`,
    'budgets.modelAccounts[0]',
    /^got "me@example.com"; expected a service account, as its e-mail address/,
  ],
  [
    'a model account twice in two forms',
    `${armed}, modelAccounts: [a@b.iam.gserviceaccount.com, projects/b/serviceAccounts/a@b.iam.gserviceaccount.com]}`,
    'budgets.modelAccounts[1]',
    /a second time/,
  ],
  [
    'protect twice in two forms',
    `${armed}, protect: [ml-dev, projects/ml-dev]}`,
    'budgets.protect[1]',
    /a second time/,
  ],
  [
    'a settling time that is no whole hour',
    `${armed}, settle: 90m}`,
    'budgets.settle',
    /^got "90m"; expected .*in whole hours and at most 7d, or 0/,
  ],
  [
    'a jump in percent',
    `${armed}, jump: 50}`,
    'budgets.jump',
    /^got 50; expected a share .*\(0\.5 is 50 %\), or 0/,
  ],
  ['a jump that any message is', `${armed}, jump: 0.01}`, 'budgets.jump', /^got 0\.01; expected a share/],
  ['no action at all', `${armed}, maxActions: 0}`, 'budgets.maxActions', /^got 0; expected .*1 or more/],
  ['a settling time of 24', `${armed}, settle: 24}`, 'budgets.settle', /^got 24; expected .*, or 0/],
  ['a settling time beyond a week', `${armed}, settle: 8d}`, 'budgets.settle', /^got "8d"; expected .*7d/],
  [
    'an unknown basis',
    `${armed}, basis: both}`,
    'budgets.basis',
    /expected one of: actual, forecast, either, live$/,
  ],
  [
    'a basis that nothing estimates',
    `${armed}, basis: live}`,
    'budgets.basis',
    /^got "live", but nothing estimates spend; expected the section watch: as well$/,
  ],
  ['an empty ladder', `${armed}, ladder: []}`, 'budgets.ladder', /^got an empty list; .*one at least/],
  [
    'a rung without at',
    `${armed}, ladder: [{do: notify}]}`,
    'budgets.ladder[0].at',
    /^missing; expected a share/,
  ],
  ['a rung at 0', `${armed}, ladder: [{at: 0, do: notify}]}`, 'budgets.ladder[0].at', /^got 0; .*above 0/],
  [
    'a rung at infinity',
    `${armed}, ladder: [{at: .inf, do: notify}]}`,
    'budgets.ladder[0].at',
    /^got Infinity;/,
  ],
  [
    'a rung in percent',
    `${armed}, ladder: [{at: 50, do: notify}]}`,
    'budgets.ladder[0].at',
    /^got 50; .*0\.8 is 80 %/,
  ],
  [
    'a rung quoted',
    `${armed}, ladder: [{at: "0.5", do: notify}]}`,
    'budgets.ladder[0].at',
    /^got "0.5"; .*without quotes/,
  ],
  [
    'an unknown rung',
    `${armed}, ladder: [{at: 1, do: shutdown}]}`,
    'budgets.ladder[0].do',
    /^got "shutdown"; expected one of: notify, stop-notebooks/,
  ],
  [
    'two rungs at the same share',
    `${armed}, ladder: [{at: 1, do: notify}, {at: 1, do: stop-compute}]}`,
    'budgets.ladder[1].at',
    /^got 1; expected more than the 1 of/,
  ],
  [
    'a rung at a lower share',
    `${armed}, ladder: [{at: 0.5, do: notify}, {at: 1, do: stop-notebooks}, {at: 0.8, do: stop-compute}]}`,
    'budgets.ladder[2].at',
    /^got 0.8; expected more than the 1 of/,
  ],
  [
    'a ladder that goes backwards',
    `${armed}, ladder: [{at: 0.5, do: stop-compute}, {at: 1, do: notify}]}`,
    'budgets.ladder[1].do',
    /^got "notify" after "stop-compute"/,
  ],
  [
    'an action twice',
    `${armed}, ladder: [{at: 0.5, do: notify}, {at: 1, do: notify}]}`,
    'budgets.ladder[1].do',
    /each action once/,
  ],

  ['simulate', inLifecycle('simulate: bytes'), 'lifecycle.simulate', /one of: metrics, objects/],
  [
    'exemptLabel',
    inLifecycle('exemptLabel: "a b"'),
    'lifecycle.exemptLabel',
    /^got "a b"; expected a label key/,
  ],
  [
    'maxPatches below 0',
    inLifecycle('maxPatches: -1'),
    'lifecycle.maxPatches',
    /^got -1; expected a whole number/,
  ],
  ['maxPatches quoted', inLifecycle('maxPatches: "5"'), 'lifecycle.maxPatches', /without quotes/],
  [
    'maxDeletedShare above 1',
    inLifecycle('maxDeletedShare: 50'),
    'lifecycle.maxDeletedShare',
    /^got 50; .*from 0 to 1/,
  ],
  [
    'maxDeletedShare below 0',
    inLifecycle('maxDeletedShare: -0.1'),
    'lifecycle.maxDeletedShare',
    /from 0 to 1/,
  ],
  [
    'policies as a map',
    inLifecycle('policies: {name: a}'),
    'lifecycle.policies',
    /^got a map; expected a list/,
  ],
  [
    'a policy without name',
    inLifecycle('policies: [{rules: []}]'),
    'lifecycle.policies[0].name',
    /^missing; expected a name/,
  ],
  [
    'a policy without rules',
    inLifecycle('policies: [{name: a}]'),
    'lifecycle.policies[0].rules',
    /^missing; expected a list of rules/,
  ],
  [
    'a policy name twice',
    inLifecycle('policies: [{name: a, rules: []}, {name: a, rules: []}]'),
    'lifecycle.policies[1].name',
    /^got "a" a second time/,
  ],
  [
    'match by a capital',
    inMatch('name: "ML-*"'),
    'lifecycle.policies[0].match.name',
    /^got "ML-\*"; expected a bucket name \(lower case\)/,
  ],
  [
    'an unusable label key',
    inMatch('labels: {Team: ml}'),
    'lifecycle.policies[0].match.labels.Team',
    /expected a label key/,
  ],
  [
    'a label value unquoted',
    inMatch('labels: {keep: true}'),
    'lifecycle.policies[0].match.labels.keep',
    /^got true; expected a label value in quotes/,
  ],
  [
    'an empty location',
    inMatch('location: ""'),
    'lifecycle.policies[0].match.location',
    /such as us-central1 or EU/,
  ],
  [
    'foreignRules',
    inBucketPolicy('rules: [], foreignRules: drop'),
    'lifecycle.policies[0].foreignRules',
    /one of: keep, overrule, remove/,
  ],
  [
    'allowDeleteAll',
    inBucketPolicy('rules: [], allowDeleteAll: "true"'),
    'lifecycle.policies[0].allowDeleteAll',
    /true or false without quotes/,
  ],
  ['a rule without action', inRule('condition: {age: 1}'), `${rulePath}.action`, /^missing; expected a map/],
  [
    'a rule without condition',
    inRule('action: {type: Delete}'),
    `${rulePath}.condition`,
    /^missing; expected a map/,
  ],
  [
    'an empty condition',
    inCondition(''),
    `${rulePath}.condition`,
    /^got an empty map; expected one condition at least/,
  ],
  [
    'an unknown action',
    inRule('action: {type: delete}, condition: {age: 1}'),
    `${rulePath}.action.type`,
    /^got "delete"; expected one of: Delete, /,
  ],
  [
    'an action without type',
    inRule('action: {}, condition: {age: 1}'),
    `${rulePath}.action.type`,
    /^missing; expected one of: Delete/,
  ],
  [
    'SetStorageClass without class',
    inRule('action: {type: SetStorageClass}, condition: {age: 1}'),
    `${rulePath}.action.storageClass`,
    /^missing; .*NEARLINE/,
  ],
  [
    'a class in lower case',
    inRule('action: {type: SetStorageClass, storageClass: nearline}, condition: {age: 1}'),
    `${rulePath}.action.storageClass`,
    /^got "nearline"/,
  ],
  [
    'Delete with a class',
    inRule('action: {type: Delete, storageClass: NEARLINE}, condition: {age: 1}'),
    `${rulePath}.action.storageClass`,
    /^unknown key; expected one of: type$/,
  ],
  [
    'an unknown condition',
    inCondition('ageDays: 3'),
    `${rulePath}.condition.ageDays`,
    /^unknown key; expected one of: age, createdBefore/,
  ],
  [
    'age quoted',
    inCondition('age: "30"'),
    `${rulePath}.condition.age`,
    /^got "30"; expected a whole number of days without quotes/,
  ],
  ['age as a duration', inCondition('age: 30d'), `${rulePath}.condition.age`, /^got "30d"/],
  ['age below 0', inCondition('age: -1'), `${rulePath}.condition.age`, /^got -1/],
  ['age past int32', inCondition('age: 2147483648'), `${rulePath}.condition.age`, /^got 2147483648/],
  [
    'a date that does not exist',
    inCondition('createdBefore: 2026-02-30'),
    `${rulePath}.condition.createdBefore`,
    /^got "2026-02-30"; expected a date that exists/,
  ],
  [
    'a date of month 13',
    inCondition('customTimeBefore: 2026-13-01'),
    `${rulePath}.condition.customTimeBefore`,
    /YYYY-MM-DD/,
  ],
  [
    'a date with a time',
    inCondition('noncurrentTimeBefore: 2026-01-01T00:00:00Z'),
    `${rulePath}.condition.noncurrentTimeBefore`,
    /YYYY-MM-DD/,
  ],
  [
    'a date as a year',
    inCondition('createdBefore: 2026'),
    `${rulePath}.condition.createdBefore`,
    /^got 2026; expected a date/,
  ],
  [
    'isLive as text',
    inCondition('isLive: "true"'),
    `${rulePath}.condition.isLive`,
    /^got "true"; expected true or false without quotes/,
  ],
  [
    'matchesStorageClass unknown',
    inCondition('matchesStorageClass: [COLD]'),
    `${rulePath}.condition.matchesStorageClass[0]`,
    /^got "COLD"/,
  ],
  [
    'matchesStorageClass empty',
    inCondition('matchesStorageClass: []'),
    `${rulePath}.condition.matchesStorageClass`,
    /one at least/,
  ],
  [
    'matchesPrefix as text',
    inCondition('matchesPrefix: tmp/'),
    `${rulePath}.condition.matchesPrefix`,
    /^got "tmp\/"; expected a list/,
  ],
  [
    'matchesPrefix empty',
    inCondition('matchesPrefix: [""]'),
    `${rulePath}.condition.matchesPrefix[0]`,
    /1 to 1,024 characters/,
  ],
  [
    'matchesSuffix a number',
    inCondition('matchesSuffix: [1]'),
    `${rulePath}.condition.matchesSuffix[0]`,
    /^got 1; expected text/,
  ],
  [
    'numNewerVersions',
    inCondition('numNewerVersions: 0.5'),
    `${rulePath}.condition.numNewerVersions`,
    /whole number of versions/,
  ],
  [
    'AbortIncompleteMultipartUpload by class',
    inRule(
      'action: {type: AbortIncompleteMultipartUpload}, condition: {age: 1, matchesStorageClass: [STANDARD]}',
    ),
    `${rulePath}.condition.matchesStorageClass`,
    /expected only: age, matchesPrefix, matchesSuffix$/,
  ],

  [
    'egress with a mode',
    `${scope}egress: {mode: observe}`,
    'egress.mode',
    /^unknown key; expected one of: window, reportAbove$/,
  ],
  [
    'a watch that has no place for its ledgers',
    `${scope}watch:`,
    'watch',
    /written, but no place for the ledgers; expected the top-level key state: gs:\/\/BUCKET as well/,
  ],
  ...[0.81, -0.1, '"20 %"'].map(
    (written) =>
      [
        `a discount of ${written}`,
        `${scope}state: gs://ml-ops-costguard\nwatch: {discountAtMost: ${written}}`,
        'watch.discountAtMost',
        /^got .*; expected the largest share .*, a number from 0 to 0\.8 without quotes \(0\.2 is 20 %\), or null/,
      ] as const,
  ),
  [
    'metrics that are quoted',
    `${scope}state: gs://ml-ops-costguard\nwatch: {metrics: "true"}`,
    'watch.metrics',
    /^got "true"; expected true or false without quotes$/,
  ],
  [
    'estimates in a zone',
    `${scope}estimates: {region: us-central1-a}`,
    'estimates.region',
    /^got "us-central1-a"; expected a region/,
  ],
  ['maxKeyAge in hours', `${scope}audit: {maxKeyAge: 36h}`, 'audit.maxKeyAge', /in whole days/],
  [
    'busyShare in percent',
    `${scope}audit: {busyShare: 25}`,
    'audit.busyShare',
    /a share above 0 and at most 1/,
  ],
  [
    'a job without the kind of its member',
    `${scope}audit: {jobs: {pipelines: [a@b.iam.gserviceaccount.com]}}`,
    'audit.jobs.pipelines[0]',
    /expected a member as allow policies name it/,
  ],
  ['window of 59m', `${scope}egress: {window: 59m}`, 'egress.window', /^got "59m"; .*1h to 42d/],
  ['window of 90m', `${scope}egress: {window: 90m}`, 'egress.window', /in whole hours/],
  ['window of 43d', `${scope}egress: {window: 43d}`, 'egress.window', /1h to 42d/],
  [
    'reportAbove below 0',
    `${scope}egress: {reportAbove: -1}`,
    'egress.reportAbove',
    /^got -1; expected USD a month/,
  ],
  [
    'reportAbove with $',
    `${scope}egress: {reportAbove: $1}`,
    'egress.reportAbove',
    /^got "\$1"; .*without quotes/,
  ],
];

describe('parsePolicy refuses', () => {
  for (const [name, text, path, message] of badInputs) {
    test(name, () => {
      const problems = problemsOf(text);
      assert.deepEqual(
        problems.map((problem) => problem.path),
        [path],
        JSON.stringify(problems),
      );
      assert.match(problems[0]?.message ?? '', message);
    });
  }
});

test('parsePolicy lists every problem of a file at once, those across keys too', () => {
  const text = `
mode: on
scope: [projects/ml-dev, x, projects/ml-dev]
notebook: {}
notebooks:
  idleAfter: 60
  cpuBelow: 5
  warnBefore: 5m
  hours: {timezone: Mars/Base, days: [sat, sat, funday], from: "08:00", to: "08:00", start: true}
  gpubelow: 5
  maxstops: 5
budgets:
  ladder: [{at: 1, do: stop-compute}, {at: 0.5, do: notify}, 3]
  protect: [ml-dev, projects/ml-dev]
lifecycle:
  policies:
    - {name: a, rules: [{action: {type: Nuke}, condition: {}}]}
    - {name: a, rules: [{action: {type: AbortIncompleteMultipartUpload}, condition: {isLive: true, age: "7"}}]}
egress: {window: 1h30m}
egress: {window: 1h}
`;
  const paths = problemsOf(text).map(({ path }) => path);
  assert.deepEqual(paths.sort(), [
    '(file)',
    'budgets.allow',
    'budgets.ladder',
    'budgets.ladder[1].at',
    'budgets.ladder[1].do',
    'budgets.ladder[2]',
    'budgets.mode',
    'budgets.protect[1]',
    'lifecycle.policies[0].rules[0].action.type',
    'lifecycle.policies[0].rules[0].condition',
    'lifecycle.policies[1].name',
    'lifecycle.policies[1].rules[0].condition.age',
    'lifecycle.policies[1].rules[0].condition.isLive',
    'mode',
    'notebook',
    'notebooks.cpuBelow',
    'notebooks.gpubelow',
    'notebooks.hours.days[1]',
    'notebooks.hours.days[2]',
    'notebooks.hours.start',
    'notebooks.hours.timezone',
    'notebooks.hours.to',
    'notebooks.idleAfter',
    'notebooks.maxstops',
    'notebooks.warnBefore',
    'scope[1]',
    'scope[2]',
  ]);
});

test('PolicyError is permanent and its message holds every problem', () => {
  assert.throws(
    () => parsePolicy('mode: on'),
    (error) =>
      error instanceof PolicyError &&
      error instanceof PermanentError &&
      error.message ===
        'Cannot use the policy: mode: got "on"; expected one of: observe, enforce; scope: missing; expected a list, one entry at least, of projects/ID, folders/NUMBER or organizations/NUMBER',
  );
});

test('parsePolicy leaves out every section that the file does not write', () => {
  assert.deepEqual(parsePolicy(`mode: enforce\n${scope}`), {
    mode: 'enforce',
    scope: ['projects/ml-dev'],
    stateBucket: undefined,
    receiptsTopic: undefined,
    notify: undefined,
    notebooks: undefined,
    budgets: undefined,
    lifecycle: undefined,
    egress: undefined,
    estimates: undefined,
    audit: undefined,
    watch: undefined,
  });
});

const bareSections: readonly (readonly [string, string])[] = [
  ['nothing behind the key', 'notebooks:\nlifecycle:\negress:\nestimates:\naudit:\n'],
  ['an empty map', 'notebooks: {}\nlifecycle: {}\negress: {}\nestimates: {}\naudit: {}\n'],
  ['null', 'notebooks: null\nlifecycle: ~\negress: null\nestimates: null\naudit: null\n'],
];
for (const [name, sections] of bareSections)
  test(`parsePolicy fills in the defaults of sections that have ${name}, and states units in names`, () => {
    assert.deepEqual(parsePolicy(`${scope}${sections}`), {
      mode: 'observe',
      scope: ['projects/ml-dev'],
      stateBucket: undefined,
      receiptsTopic: undefined,
      notify: undefined,
      notebooks: {
        mode: 'observe',
        idleAfterMinutes: 60,
        cpuBelow: { kind: 'cores', cores: 0.5 },
        gpuBelowPercent: 5,
        networkBelowBytesPerSecond: 20_480,
        diskBelowBytesPerSecond: 1_048_576,
        minCoverage: 0.8,
        gpuSignalMissing: 'infer',
        toleratedMinutesPerDay: 0,
        keepWhileJobsRun: true,
        keepLabel: 'costguard-keep',
        warnBeforeMinutes: 0,
        maxStops: 20,
        maxActions: 100,
        hours: null,
        nativeIdleShutdown: 'report',
        terraformManaged: 'enforce',
      },
      budgets: undefined,
      lifecycle: {
        mode: 'observe',
        simulate: 'metrics',
        terraformManaged: 'enforce',
        // No default deletes anything.
        policies: [],
        exemptLabel: 'costguard-exempt',
        maxDeletedShare: 0.5,
        maxPatches: 1_000,
      },
      egress: { windowHours: 168, reportAboveUsdPerMonth: 1 },
      estimates: { region: 'us-central1' },
      audit: {
        maxKeyAgeDays: 90,
        maxReceiptAgeDays: 8,
        modelsUnusedAfterDays: 180,
        busyShare: 0.25,
        gpuPeakBelow: 0.3,
        reportAboveUsdPerMonth: 1,
        environmentLabel: 'env',
        production: ['prod', 'production'],
        jobs: { dataScientists: [], mlEngineers: [], pipelines: [] },
      },
      watch: undefined,
    });
  });

test('parsePolicy fills in the defaults of an armed kill switch', () => {
  assert.deepEqual(parsePolicy(`${armed}, protect: [ml-ops, projects/ml-prod]}`).budgets, {
    mode: 'enforce',
    allow: [budget],
    modelAccounts: [],
    protect: ['projects/ml-ops', 'projects/ml-prod'],
    basis: 'actual',
    ladder: [
      { at: 0.5, do: 'notify' },
      { at: 0.8, do: 'stop-notebooks' },
      { at: 1, do: 'stop-compute' },
      { at: 1.2, do: 'unlink-billing' },
    ],
    keepLabel: 'costguard-keep',
    settleHours: 24,
    silenceHours: 24,
    maxActions: 1_000,
    minAmount: 1,
    jump: 0.5,
  });
});

test('parsePolicy takes a ladder that only notifies without allow and state', () => {
  const { budgets } = parsePolicy(`${scope}budgets: {mode: observe, ladder: [{at: 0.5, do: notify}]}`);
  assert.deepEqual([budgets?.allow, budgets?.ladder], [[], [{ at: 0.5, do: 'notify' }]]);
});

test("a section's own mode goes before the mode at the top", () => {
  const policy = parsePolicy(`mode: enforce\n${scope}notebooks: {mode: observe}\nlifecycle:`);
  assert.deepEqual(
    [policy.mode, policy.notebooks?.mode, policy.lifecycle?.mode],
    ['enforce', 'observe', 'enforce'],
  );
});

test('parsePolicy reads working hours as minutes of the day, over midnight too', () => {
  assert.deepEqual(
    parsePolicy(inHours(`${berlin}, from: "20:30", to: 06:00, start: true`)).notebooks?.hours,
    {
      timezone: 'Europe/Berlin',
      days: ['mon'],
      fromMinuteOfDay: 1_230,
      toMinuteOfDay: 360,
      start: true,
    },
  );
});

test('a %YAML 1.1 line does not change what values mean', () => {
  const policy = parsePolicy(`%YAML 1.1\n---\n${inHours(`${berlin}, from: 20:30, to: 23:59`)}`);
  assert.equal(policy.notebooks?.hours?.fromMinuteOfDay, 1_230);
});

const goodInputs: readonly (readonly [string, string])[] = [
  ['project ids of 6 and 30', `scope: [projects/abcdef, projects/a${'b'.repeat(29)}]`],
  ['a domain-scoped project', 'scope: ["projects/example.com:my-proj"]'],
  ['folders and organizations', 'scope: [folders/12, organizations/34]'],
  ['bucket names of 3 and 63', `${scope}state: gs://${'a'.repeat(63)}`],
  ['a bucket name with dots', `${scope}state: gs://state.example.com`],
  ['a topic', `${scope}receipts: projects/ml-ops/topics/costguard-receipts`],
  ['idleAfter of 10m', inNotebooks('idleAfter: 10m')],
  ['idleAfter of 600s', inNotebooks('idleAfter: 600s')],
  ['idleAfter of 7d', inNotebooks('idleAfter: 7d')],
  ['the upper ends', inNotebooks('cpuBelow: 1, gpuBelow: 100, minCoverage: 1, maxStops: 0')],
  ['warnBefore with state', `${state}${inNotebooks('warnBefore: 15m')}`],
  ['a label key in another script', inNotebooks('keepLabel: 保持')],
  ['an alias', `${scope}notebooks: {keepLabel: &l keep}\nlifecycle: {exemptLabel: *l}`],
  ['JSON', '{"scope": ["projects/ml-dev"]}'],
  ['a byte order mark and CRLF', '\uFEFFscope:\r\n  - projects/ml-dev\r\n'],
  ['sections without anything in them', `${scope}notebooks:\nlifecycle:\negress:`],
  ['no policies at all', inLifecycle('policies: [], maxDeletedShare: 0')],
  ['a policy without rules', inBucketPolicy('rules: [], foreignRules: remove')],
  ['labels', inMatch('name: "ml-*", labels: {team: ml, cost-centre: "42", empty: ""}, location: EU')],
  [
    'every condition',
    inCondition(
      'age: 0, createdBefore: 2024-02-29, customTimeBefore: "2026-01-01", daysSinceCustomTime: 1, daysSinceNoncurrentTime: 0, noncurrentTimeBefore: 2026-12-31, isLive: false, matchesStorageClass: [REGIONAL], matchesPrefix: [a], matchesSuffix: [.ckpt], matchesPattern: "a.*", numNewerVersions: 3',
    ),
  ],
  ['window of 1h and reportAbove 0', `${scope}egress: {window: 60m, reportAbove: 0}`],
  ['window of six weeks', `${scope}egress: {window: 42d, reportAbove: 0.5}`],
];

describe('parsePolicy takes', () => {
  for (const [name, text] of goodInputs) {
    test(name, () => {
      assert.deepEqual(problemsOf(text), []);
    });
  }
});

describe('parsePolicyFor', () => {
  const broken = { notebooks: 'notebooks: {idleAfter: 60}', budgets: 'budgets: {mode: on}', lifecycle: 'lifecycle: 5', egress: 'egress: {window: 1}', estimates: 'estimates: {region: 5}', audit: 'audit: {maxKeyAge: 90}' }; // prettier-ignore

  for (const [section, text] of Object.entries(broken))
    test(`lets a mistake in "${section}" concern that section alone`, () => {
      const file = `${scope}${text}\n${section === 'egress' ? 'notebooks:' : 'egress:'}`;
      for (const own of policySections) {
        if (own === section) assert.throws(() => parsePolicyFor(file, [own]), PolicyError);
        else assert.equal(parsePolicyFor(file, [own]).ignored.length > 0, true);
      }
      const other = section === 'egress' ? 'notebooks' : 'egress';
      assert.notEqual(parsePolicyFor(file, [other]).policy[other], undefined);
      assert.throws(() => parsePolicy(file), PolicyError);
    });

  const duplicates = {
    notebooks: 'notebooks:\n  idleAfter: 60m\n  idleAfter: 90m',
    budgets: 'budgets:\n  mode: observe\n  ladder:\n    - {at: 1, at: 1, do: notify}',
    lifecycle: 'lifecycle: {simulate: metrics, simulate: objects}',
    egress: 'egress:\n  window: 7d\nnotebooks:\negress:\n  window: 8d',
    audit: 'audit:\n  maxKeyAge: 90d\nnotebooks:\naudit:\n  maxKeyAge: 80d',
  };
  for (const [section, text] of Object.entries(duplicates))
    for (const own of policySections)
      test(`lets a key that is there twice in "${section}" concern that section alone: ${own}`, () => {
        const file = `${scope}mode: enforce\n${text}\n`;
        if (own === section) assert.throws(() => parsePolicyFor(file, [own]), /Map keys must be unique/);
        else assert.match(parsePolicyFor(file, [own]).ignored[0]?.message ?? '', /Map keys must be unique/);
        assert.throws(() => parsePolicy(file), PolicyError);
      });

  test('refuses for a common key that is there twice, and for a second document, whichever function reads it', () => {
    for (const own of policySections)
      for (const text of [
        `${scope}mode: observe\nmode: enforce`,
        `${scope}state: gs://a\nstate: gs://b`,
        `${scope}---\n${scope}`,
      ])
        assert.throws(() => parsePolicyFor(`${text}\negress:\n`, [own]), PolicyError, text);
  });

  test('refuses for a mistake in the common keys, whichever function reads it, and for a text that is no YAML', () => {
    for (const own of policySections)
      for (const text of [
        'scope: []\negress:',
        `${scope}mode: on`,
        `${scope}egres:`,
        `${scope}state: "gs://x`,
      ])
        assert.throws(() => parsePolicyFor(text, [own]), PolicyError);
  });

  test('gives the whole policy of a good file, so that its digest stays that of the file', () => {
    const file = `${scope}notebooks:\negress:`;
    assert.deepEqual(parsePolicyFor(file, []), { policy: parsePolicy(file), ignored: [] });
  });
});

test('policyDigest depends on what the policy says, not on how it is written', () => {
  const labels = (text: string) => inMatch(`labels: {${text}}`);
  const digest = policyDigest(scope);
  assert.match(digest, /^[0-9a-f]{12}$/);
  assert.notEqual(policyDigest(`${scope}notebooks:`), digest);
  assert.equal(
    policyDigest(`# a comment\nmode: observe\n${scope}notebooks: {idleAfter: 1h}`),
    policyDigest(`${scope}notebooks:`),
  );
  assert.equal(policyDigest(parsePolicy(scope)), digest);
  assert.notEqual(policyDigest(`${scope}notebooks: {idleAfter: 61m}`), policyDigest(`${scope}notebooks:`));
  assert.equal(policyDigest(labels('a: x, b: y')), policyDigest(labels('b: y, a: x')));
  assert.throws(() => policyDigest('mode: on'), PolicyError);
});
