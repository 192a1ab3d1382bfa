import { handleEvent, storePoisonMessage, type EventContext } from '../../shared/run/handle-event.ts';
import { Refusal, type HttpAnswer, type HttpFunction } from '../../shared/run/handle-request.ts';
import type { Message } from '../../shared/run/message.ts';
import type { Runtime } from '../../shared/run/runtime.ts';
import { formatHeaders } from '../../shared/report/formats.ts';
import { isInScope } from '../../shared/google/projects.ts';
import { BusyError } from '../../shared/google/google-api-error.ts';
import { PermanentError, messageOf } from '../../shared/errors.ts';
import { parseTick, projectTick, type TickOrigin } from '../../shared/run/tick.ts';
import { requireSection } from '../../shared/policy/policy.ts';
import { fileReceipt } from './act.ts';
import { auditProject } from './audit.ts';
import { readRequest, type Requested } from './config.ts';
import { auditCsv } from './report/csv.ts';
import type { AuditReport } from './report/report.ts';
import { auditSarif } from './report/sarif.ts';
import { auditScope } from './scope/live.ts';
import { listScope, type ScopeProjects } from './scope/projects.ts';
import { reportScope } from './scope/stored.ts';
import { auditOnce } from './tick/audit-once.ts';
import { tellDigest } from './tick/digest.ts';

/** The caller waits for the answer. Cloud Run gives up at the `timeout` of function.yaml, and the last receipt takes its time too. */
const REQUEST_DEADLINE_MS = 480_000;

/** What the audit reads of the policy. */
export const SECTIONS = ['audit', 'budgets', 'notebooks'] as const;

/** `GET /?project=ID`; without a project all of the scope, looked at now; `GET /?scope=all` its newest receipts. */
export const auditRequests: HttpFunction<Requested> = {
  methods: { GET: 'for the audit' },
  pages: true,
  sections: SECTIONS,
  deadlineMs: REQUEST_DEADLINE_MS,
  read: readRequest,
  async answer(context, requested) {
    requireSection(context.policy, 'audit');
    if (requested.wholeScope) return reportScope(context, requested.format);
    const startedAt = context.runtime.now();
    const target = await targetOf(context, requested.project);
    if (typeof target !== 'string') return auditScope(context, target, requested.format);
    const projectId = target;
    const report = await auditProject(context, projectId, {
      operationsProject: await context.runtime.ownProject(),
    });
    await fileReceipt(context, report, startedAt);
    return answerWith(report, requested);
  },
};

/** The project that is named, or the only one of the scope; the whole scope where it has several. */
async function targetOf(context: EventContext, project: string | undefined): Promise<string | ScopeProjects> {
  const { api, policy } = context;
  const { scope } = policy;
  if (project !== undefined) {
    if (await isInScope(api, scope, project)) return project;
    throw new Refusal(
      403,
      `Cannot look at project ${JSON.stringify(project)}: it is outside the policy’s scope (${scope.join(', ')}), or does not exist`,
    );
  }
  const found = await listScope(context);
  const [only, ...others] = found.projects;
  // One that cannot be read is in scope as well: then the only readable one is not all of it.
  return only !== undefined && others.length === 0 && found.incomplete.length === 0 ? only : found;
}

async function answerWith(report: AuditReport, { format }: Requested): Promise<HttpAnswer> {
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
  const own = { id: message.id.slice(0, 200), publishedMs: message.publishedMs ?? runtime.now().getTime() };
  if (tick.kind === 'project') {
    const { projectId, origin } = tick;
    try {
      await requireInScope(context, projectId);
    } catch (error) {
      // One that costguard sent names what the listing of the scope shows: the digest waits for it.
      if (origin !== undefined) await tellAndThrow(context, projectId, origin, error);
      throw error;
    }
    await auditInEvent(context, projectId, origin ?? own);
    return;
  }
  const projects = await scopeOf(context);
  const [only, ...others] = projects;
  if (only !== undefined && others.length === 0) {
    await auditInEvent(context, only, own);
    return;
  }
  const topic = runtime.environment['TICK_TOPIC'] ?? message.topic;
  if (topic === undefined)
    throw new PermanentError('Cannot fan out the tick: its topic is unknown; set TICK_TOPIC');
  await Promise.all(
    projects.map((project) =>
      api.call('pubsub.topics.publish', () => runtime.clients.publish(topic, projectTick(project, own))),
    ),
  );
  log('INFO', `Fanned out to ${projects.length} projects`, { topic, apiCalls: api.calls });
}

async function requireInScope({ api, policy }: EventContext, projectId: string): Promise<void> {
  if (await isInScope(api, policy.scope, projectId)) return;
  throw new PermanentError(
    `Cannot audit "${projectId}": it is outside the policy's scope (${policy.scope.join(', ')})`,
  );
}

/** What may pass makes the event fail after its receipt, so that a later delivery sees more. */
async function auditInEvent(context: EventContext, projectId: string, tick: TickOrigin): Promise<void> {
  try {
    await auditOnce(context, projectId, tick, () => tell(context, projectId, tick));
  } catch (error) {
    // One that another run audits has not ended.
    if (error instanceof BusyError) throw error;
    await tellAndThrow(context, projectId, tick, error);
  }
  await tell(context, projectId, tick);
}

function tell(context: EventContext, projectId: string, tick: TickOrigin): Promise<void> {
  return tellDigest(context, projectId, tick, () => scopeOf(context));
}

/** One project that fails does not hold back the digest of the others. Throws what fails the event longer. */
async function tellAndThrow(
  context: EventContext,
  projectId: string,
  tick: TickOrigin,
  error: unknown,
): Promise<never> {
  try {
    await tell(context, projectId, tick);
  } catch (ofDigest) {
    const isFinal = ofDigest instanceof PermanentError;
    context.log('WARNING', messageOf(isFinal ? ofDigest : error));
    throw isFinal ? error : ofDigest;
  }
  throw error;
}

/** What of the scope cannot be listed is audited by no event: it is logged. */
async function scopeOf(context: EventContext): Promise<readonly string[]> {
  const { projects, incomplete } = await listScope(context);
  for (const { where, why } of incomplete)
    context.log('WARNING', `Cannot list all projects of the scope: ${where}: ${why}`);
  return projects;
}
