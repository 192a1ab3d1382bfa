import { http } from '@google-cloud/functions-framework';
import { handleRequest } from '../../shared/run/handle-request.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { auditRequests } from './function.ts';

const runtime = createRuntime('guardrail-audit');

http(runtime.functionName, (request, response) => handleRequest(runtime, request, response, auditRequests));
