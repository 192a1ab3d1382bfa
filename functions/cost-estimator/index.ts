import { http } from '@google-cloud/functions-framework';
import { handleRequest } from '../../shared/run/handle-request.ts';
import { holdBodies } from '../../shared/run/http/request-body.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { estimatorFunction } from './function.ts';

const runtime = createRuntime('cost-estimator');

holdBodies();
http(runtime.functionName, (request, response) =>
  handleRequest(runtime, request, response, estimatorFunction),
);
