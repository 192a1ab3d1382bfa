import { collectRunErrors } from '../../shared/run/run-errors.ts';
import { handleEvent, storePoisonMessage, type EventContext } from '../../shared/run/handle-event.ts';
import { Refusal, type HttpAnswer, type HttpFunction } from '../../shared/run/handle-request.ts';
import type { Message } from '../../shared/run/message.ts';
import type { Runtime } from '../../shared/run/runtime.ts';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { formatHeaders } from '../../shared/report/formats.ts';
import { isInScope, listProjects } from '../../shared/google/projects.ts';
import { PermanentError, messageOf } from '../../shared/errors.ts';
import { parseTick } from '../../shared/run/tick.ts';
import { requireSection } from '../../shared/policy/policy.ts';
import { fileReceipt } from './act.ts';
import { auditProject } from './audit.ts';
import { tellDigest } from './digest.ts';
import { readRequest, type Wanted } from './config.ts';
import { auditCsv } from './report/csv.ts';
import type { AuditReport } from './report/report.ts';
import { auditSarif } from './report/sarif.ts';
import { reportScope } from './scope.ts';

/** The caller waits for the answer; Cloud Run's default is to give up after 60 s, deploy sets more. */
const REQUEST_DEADLINE_MS = 240_000;

/** What the audit reads of the policy. */
export const SECTIONS = ['audit', 'budgets', 'notebooks'] as const;

/** `GET /?project=ID`, `GET /?scope=all`. */
export const auditRequests: HttpFunction<Wanted> = {
  methods: { GET: 'for the audit' },
  pages: true,
  sections: SECTIONS,
  deadlineMs: REQUEST_DEADLINE_MS,
  read: readRequest,
  async answer(context, wanted) {
    requireSection(context.policy, 'audit');
    if (wanted.wholeScope) return reportScope(context, wanted.format);
    const startedAt = context.runtime.now();
    const projectId = await projectOf(context, wanted.project);
    const report = await auditProject(context, projectId, {
      operationsProject: await context.runtime.ownProject(),
    });
    await fileReceipt(context, report, startedAt);
    return answerWith(report, wanted);
  },
};

async function projectOf(context: EventContext, project: string | undefined): Promise<string> {
  const { api, policy } = context;
  const { scope } = policy;
  if (project !== undefined) {
    if (await isInScope(api, scope, project)) return project;
    throw new Refusal(
      403,
      `Cannot look at project ${JSON.stringify(project)}: it is outside the policy’s scope (${scope.join(', ')}), or does not exist`,
    );
  }
  const [only, ...others] = await scopeOf(context);
  if (only !== undefined && others.length === 0) return only;
  throw new BadParameter(
    'project',
    undefined,
    'a project in scope; or scope=all for the newest receipts of all of them',
  );
}

async function answerWith(report: AuditReport, { format }: Wanted): Promise<HttpAnswer> {
  const headers = formatHeaders(format);
  const file = (ending: string) => ({
    ...headers,
    'content-disposition': `attachment; filename="audit-${report.project.replace(/[^\w.-]/g, '_')}.${ending}"`,
  });
  switch (format) {
    case 'json':
      return { body: report, headers };
    case 'sarif':
      return { body: `${JSON.stringify(auditSarif(report), undefined, 2)}\n`, headers: file('sarif') };
    case 'csv':
      return { body: auditCsv(report), headers: file('csv') };
    case 'html': {
      // Loaded here only: what draws pages is not needed for anything else.
      const { renderAuditPage } = await import('./report/page.ts');
      const { text, headers: ofPage } = renderAuditPage(report);
      return { body: text, headers: ofPage };
    }
  }
}

/** One tick: `{}` becomes one message a project, `{"project": "ID"}` is audited and ends in a receipt. */
export function auditTick(runtime: Runtime, event: unknown): Promise<void> {
  return handleEvent(runtime, event, handleTick, SECTIONS);
}

async function handleTick(context: EventContext, message: Message): Promise<void> {
  const { runtime, api, policy, log } = context;
  requireSection(policy, 'audit');
  let tick: ReturnType<typeof parseTick>;
  try {
    tick = parseTick(message.text);
  } catch (error) {
    await storePoisonMessage(context, message, messageOf(error));
    throw error;
  }
  if (tick.kind === 'project') {
    if (!(await isInScope(api, policy.scope, tick.projectId)))
      throw new PermanentError(
        `Cannot audit "${tick.projectId}": it is outside the policy's scope (${policy.scope.join(', ')})`,
      );
    await auditInEvent(context, tick.projectId);
    return;
  }
  const projects = await scopeOf(context);
  const [only, ...others] = projects;
  if (only !== undefined && others.length === 0) {
    await auditInEvent(context, only);
    return;
  }
  const topic = runtime.environment['TICK_TOPIC'] ?? message.topic;
  if (topic === undefined)
    throw new PermanentError('Cannot fan out the tick: its topic is unknown; set TICK_TOPIC');
  await Promise.all(
    projects.map((project) =>
      api.call('pubsub.topics.publish', () => runtime.clients.publish(topic, JSON.stringify({ project }))),
    ),
  );
  log('INFO', `Fanned out to ${projects.length} projects`, { topic, apiCalls: api.calls });
}

/** What may pass makes the event fail after its receipt, so that a later delivery sees more. */
async function auditInEvent(context: EventContext, projectId: string): Promise<void> {
  const errors = collectRunErrors();
  const note = (error: unknown): void => {
    errors.note(error);
  };
  const startedAt = context.runtime.now();
  try {
    const report = await auditProject(context, projectId, {
      operationsProject: await context.runtime.ownProject(),
      failed: note,
    });
    await fileReceipt(context, report, startedAt, note);
  } finally {
    // One project that fails does not hold back the digest of the others.
    await tellDigest(context, projectId, () => scopeOf(context));
  }
  errors.throwIfAny(projectId);
}

function scopeOf({ api, policy }: EventContext): Promise<readonly string[]> {
  return listProjects(api, policy.scope, () => undefined);
}
