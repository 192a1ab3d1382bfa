import { cloudEvent } from '@google-cloud/functions-framework';
import { runTick } from '../../shared/run/run-tick.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { watchSweep } from './function.ts';

const runtime = createRuntime('spend-watch');

cloudEvent(runtime.functionName, (event: unknown) => runTick(runtime, watchSweep, event));
