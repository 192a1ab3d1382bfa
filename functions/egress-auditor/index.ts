import { http } from '@google-cloud/functions-framework';
import { handleRequest } from '../../shared/run/handle-request.ts';
import { holdBodies } from '../../shared/run/http/request-body.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { auditFunction } from './function.ts';

const runtime = createRuntime('egress-auditor');

holdBodies();
http(runtime.functionName, (request, response) => handleRequest(runtime, request, response, auditFunction));
