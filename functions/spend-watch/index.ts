import { http } from '@google-cloud/functions-framework';
import { holdBodies } from '../../shared/run/http/request-body.ts';
import { handleRequestOrEvent } from '../../shared/run/http/request-event.ts';
import { runTick } from '../../shared/run/run-tick.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { watchRequests, watchSweep } from './function.ts';

const runtime = createRuntime('spend-watch');

holdBodies();
http(runtime.functionName, (request, response) =>
  handleRequestOrEvent(runtime, request, response, watchRequests, (own, event) =>
    runTick(own, watchSweep, event),
  ),
);
