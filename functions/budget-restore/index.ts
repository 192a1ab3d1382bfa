import { http } from '@google-cloud/functions-framework';
import { handleRequest } from '../../shared/handle-request.ts';
import { createRuntime } from '../../shared/runtime.ts';
import { restoreFunction } from './restore.ts';

const runtime = createRuntime('budget-restore');

http(runtime.functionName, (request, response) => handleRequest(runtime, request, response, restoreFunction));
