import { formatHeaders } from '../../shared/answer-format.ts';
import type { HttpFunction } from '../../shared/handle-request.ts';
import { fileReceipt } from './act.ts';
import { configure, readRequest, type Wanted } from './config.ts';
import { judgeEgress } from './decide.ts';
import { gatherEgress } from './gather.ts';

/** Somebody waits for the answer; Cloud Run's default is to give up after 60 s, deploy sets more. */
const REQUEST_DEADLINE_MS = 240_000;

/** `GET /?project=ID&window=7d`. */
export const auditFunction: HttpFunction<Wanted> = {
  methods: { GET: 'for the report' },
  deadlineMs: REQUEST_DEADLINE_MS,
  read: readRequest,
  async answer(context, wanted) {
    const startedAt = context.runtime.now();
    const config = await configure(context.api, context.policy, wanted);
    const facts = await gatherEgress(context.api, config, startedAt);
    const report = judgeEgress(facts, config, startedAt);
    await fileReceipt(context, report, startedAt);
    return { body: report, headers: formatHeaders(wanted.format) };
  },
};
