import { cloudEvent } from '@google-cloud/functions-framework';
import { handleEvent } from '../../shared/handle-event.ts';
import { createRuntime } from '../../shared/runtime.ts';
import { guardBudget } from './switch.ts';

const runtime = createRuntime('budget-kill-switch');

cloudEvent(runtime.functionName, (event: unknown) =>
  handleEvent(runtime, event, guardBudget, ['budgets'], 'keep'),
);
