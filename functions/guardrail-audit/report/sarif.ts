import type { Severity } from '../rules/mistakes.ts';
import { ruleOf, RULES } from '../rules/rules.ts';
import type { AuditReport, Finding, RuleResult } from './report.ts';

const LEVELS = { critical: 'error', high: 'error', medium: 'warning', low: 'note' } as const;

/** GitHub's scale: critical above 9, high from 7, medium from 4. */
const SECURITY_SEVERITY: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '2.0',
};

const RULE_IDS = Object.keys(RULES);

/**
 * The findings as SARIF 2.1.0, for a CI job that gates and for code scanning. Resources of Google Cloud stand for files. Rules that
 * could not be evaluated are notifications of the run. Source: OASIS, SARIF 2.1.0 with errata 01.
 */
export function auditSarif(report: AuditReport): object {
  return { ...sarifHead(), runs: [sarifRun(report)] };
}

/** What a log of SARIF has beside its runs. */
export function sarifHead(): object {
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
  };
}

/** The run of one project. */
export function sarifRun(report: AuditReport): object {
  const { project, generatedAt, score, oldPrices } = report;
  const rules = report.mistakes.flatMap((mistake) => mistake.rules);
  const unknown = rules.filter(({ status }) => status === 'not-evaluable');
  return {
    ...runHead(project, rules.map(descriptorOf)),
    originalUriBaseIds: { GOOGLE_CLOUD: { uri: 'https://console.cloud.google.com/' } },
    invocations: [
      {
        executionSuccessful: true,
        endTimeUtc: generatedAt,
        toolExecutionNotifications: unknown.map(notificationOf),
      },
    ],
    results: report.findings.map(resultOf),
    properties: {
      project,
      points: score.points ?? null,
      grade: score.grade ?? null,
      ...(oldPrices === undefined ? {} : { oldPrices }),
    },
  };
}

/** The run of a project that was not audited. */
export function sarifOfFailure(project: string, why: string, atUtc: string): object {
  return {
    ...runHead(project, []),
    invocations: [
      {
        executionSuccessful: false,
        endTimeUtc: atUtc,
        toolExecutionNotifications: [
          { level: 'error', message: { text: `${project} was not audited: ${why}` } },
        ],
      },
    ],
    results: [],
    properties: { project },
  };
}

function runHead(project: string, rules: readonly object[]): object {
  return {
    tool: {
      driver: {
        name: 'costguard guardrail-audit',
        informationUri: 'https://cloud.google.com/architecture/framework',
        rules,
      },
    },
    automationDetails: { id: `costguard/${project}/` },
  };
}

function descriptorOf({ rule, title, help, severity, cis }: RuleResult): object {
  const { mistake } = ruleOf(rule);
  return {
    id: rule,
    shortDescription: { text: title },
    fullDescription: { text: help },
    help: { text: help },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: {
      tags: ['costguard', mistake, ...(cis === null ? [] : [`CIS GCP 5.0 ${cis}`])],
      'security-severity': SECURITY_SEVERITY[severity],
      precision: 'high',
    },
  };
}

function notificationOf({ rule, gaps, remedy }: RuleResult): object {
  const run = remedy === null ? '' : `; run: ${remedy}`;
  return {
    descriptor: { id: `not-evaluable/${rule}` },
    associatedRule: { id: rule, index: RULE_IDS.indexOf(rule) },
    level: 'warning',
    message: { text: `${rule} could not be evaluated: ${gaps.join('; ')}${run}` },
  };
}

function resultOf({
  rule,
  severity,
  detail,
  resource,
  place,
  fingerprint,
  usdPerMonth,
  commands,
  evidence,
  isNew,
}: Finding): object {
  // Half of a pair of surrogates has no form in an address.
  const name = (place === null ? resource : `${resource}/${place}`).toWellFormed();
  return {
    ruleId: rule,
    ruleIndex: RULE_IDS.indexOf(rule),
    level: LEVELS[severity],
    message: { text: [`${detail}.`, ...commands.map((command) => `  ${command}`)].join('\n') },
    locations: [
      {
        physicalLocation: {
          artifactLocation: {
            uri: name.split('/').map(encodeURIComponent).join('/'),
            uriBaseId: 'GOOGLE_CLOUD',
          },
          region: { startLine: 1 },
        },
        logicalLocations: [{ fullyQualifiedName: name, kind: 'resource' }],
      },
    ],
    partialFingerprints: { 'costguardFinding/v1': fingerprint },
    ...(isNew === null ? {} : { baselineState: isNew ? 'new' : 'unchanged' }),
    properties: { usdPerMonth, evidence },
  };
}
