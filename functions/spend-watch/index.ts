import { http } from '@google-cloud/functions-framework';
import { handleRequest } from '../../shared/run/handle-request.ts';
import { eventOfRequest } from '../../shared/run/http/request-event.ts';
import { runTick } from '../../shared/run/run-tick.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { watchRequests, watchSweep } from './function.ts';

const runtime = createRuntime('spend-watch');

// One service for both: Eventarc delivers a tick as a POST with the headers of a CloudEvent, people and scrapers send GET.
http(runtime.functionName, async (request, response) => {
  const event = eventOfRequest(request.method, (name) => request.get(name), request.body);
  if (event === undefined) return handleRequest(runtime, request, response, watchRequests);
  await runTick(runtime, watchSweep, event);
  response.status(204).send();
});
