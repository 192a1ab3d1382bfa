import { cloudEvent } from '@google-cloud/functions-framework';
import { runTick } from '../../shared/run/run-tick.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { notebookSweep } from './function.ts';

const runtime = createRuntime('idle-notebook-stopper');

cloudEvent(runtime.functionName, (event: unknown) => runTick(runtime, notebookSweep, event));
