import { cloudEvent } from '@google-cloud/functions-framework';
import { createRuntime } from '../../shared/run/runtime.ts';
import { runTick } from '../../shared/run/run-tick.ts';
import type { Sweep } from '../../shared/run/sweep.ts';
import { actOnBuckets } from './act.ts';
import { configureLifecycle, type Config } from './config.ts';
import { judgeBucket, needsTidying, savesMoney } from './decide.ts';
import type { Facts } from './facts.ts';
import { gatherBuckets, placeOfBuckets } from './gather.ts';

export const lifecycleSweep: Sweep<Config, Facts> = {
  actOn: 'page',
  sections: ['lifecycle'],
  configure: configureLifecycle,
  gather: gatherBuckets,
  placeOf: placeOfBuckets,
  decide: judgeBucket,
  limit: (plans) => plans,
  watches: needsTidying,
  act: actOnBuckets,
  saves: savesMoney,
};

const runtime = createRuntime('lifecycle-enforcer');
cloudEvent(runtime.functionName, (event: unknown) => runTick(runtime, lifecycleSweep, event));
