import { cloudEvent } from '@google-cloud/functions-framework';
import { runTick } from '../../shared/run/run-tick.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { lifecycleSweep } from './function.ts';

const runtime = createRuntime('lifecycle-enforcer');

cloudEvent(runtime.functionName, (event: unknown) => runTick(runtime, lifecycleSweep, event));
