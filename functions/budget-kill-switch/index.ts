import { cloudEvent } from '@google-cloud/functions-framework';
import { handleEvent } from '../../shared/run/handle-event.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { guardBudget } from './function.ts';

const runtime = createRuntime('budget-kill-switch');

cloudEvent(runtime.functionName, (event: unknown) =>
  handleEvent(runtime, event, guardBudget, ['budgets'], 'keep'),
);
