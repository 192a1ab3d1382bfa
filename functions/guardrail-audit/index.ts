import { http } from '@google-cloud/functions-framework';
import { handleRequest } from '../../shared/run/handle-request.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { auditRequests, auditTick } from './function.ts';
import { eventOfRequest } from '../../shared/run/http/request-event.ts';

const runtime = createRuntime('guardrail-audit');

// One service for both: Eventarc delivers a tick as a POST with the headers of a CloudEvent, people send GET.
http(runtime.functionName, async (request, response) => {
  const event = eventOfRequest(request.method, (name) => request.get(name), request.body);
  if (event === undefined) return handleRequest(runtime, request, response, auditRequests);
  await auditTick(runtime, event);
  response.status(204).send();
});
