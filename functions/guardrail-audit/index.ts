import { http } from '@google-cloud/functions-framework';
import { holdBodies } from '../../shared/run/http/request-body.ts';
import { handleRequestOrEvent } from '../../shared/run/http/request-event.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { auditRequests, auditTick } from './function.ts';

const runtime = createRuntime('guardrail-audit');

holdBodies();
http(runtime.functionName, (request, response) =>
  handleRequestOrEvent(runtime, request, response, auditRequests, auditTick),
);
