import { http } from '@google-cloud/functions-framework';
import { createRuntime } from '../../shared/runtime.ts';
import { answerRestore } from './restore.ts';

const runtime = createRuntime('budget-restore');

http(runtime.functionName, (request, response) => answerRestore(runtime, request, response));
