import { cloudEvent } from '@google-cloud/functions-framework';
import { createRuntime } from '../../shared/runtime.ts';
import { runTick } from '../../shared/run-tick.ts';
import { actOnNotebooks } from './act.ts';
import { configureNotebooks } from './config.ts';
import { isRemembered, judgeNotebook, limitStops, savesMoney } from './decide.ts';
import { gatherNotebooks } from './gather.ts';

const runtime = createRuntime('idle-notebook-stopper');

cloudEvent(runtime.functionName, (event: unknown) =>
  runTick(
    runtime,
    {
      configure: configureNotebooks,
      gather: gatherNotebooks,
      decide: judgeNotebook,
      limit: limitStops,
      watches: isRemembered,
      act: actOnNotebooks,
      saves: savesMoney,
    },
    event,
  ),
);
