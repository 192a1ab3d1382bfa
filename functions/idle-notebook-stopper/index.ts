import { cloudEvent } from '@google-cloud/functions-framework';
import { createRuntime } from '../../shared/run/runtime.ts';
import { runTick } from '../../shared/run/run-tick.ts';
import type { Sweep } from '../../shared/run/sweep.ts';
import { actOnNotebooks } from './act.ts';
import { configureNotebooks, type Config } from './config.ts';
import { isRemembered, judgeNotebook, limitStops, savesMoney } from './decide.ts';
import type { NotebookFacts } from './facts.ts';
import { gatherNotebooks } from './gather.ts';

export const notebookSweep: Sweep<Config, NotebookFacts> = {
  sections: ['notebooks'],
  configure: configureNotebooks,
  gather: gatherNotebooks,
  decide: judgeNotebook,
  limit: limitStops,
  watches: isRemembered,
  act: actOnNotebooks,
  saves: savesMoney,
};

const runtime = createRuntime('idle-notebook-stopper');
cloudEvent(runtime.functionName, (event: unknown) => runTick(runtime, notebookSweep, event));
