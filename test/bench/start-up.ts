import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAll } from '../../deploy/build.ts';
import { measureColdStart } from './cold-start.ts';
import { milliseconds, type Bench } from './row.ts';

const WANTED_RATIO = 2;

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** Start of process to first outside call, against an empty function in the same framework. */
export const startUp: Bench = async function* ({ quick }) {
  // Inside dist, so that the framework is found as it is for the real bundles.
  const folder = await mkdtemp(join(dist, '.bench-'));
  try {
    const [empty] = await buildAll({
      functionsDir: fileURLToPath(new URL('fixtures', import.meta.url)),
      distDir: folder,
    });
    if (empty === undefined) throw new Error('Cannot compare: the empty function was not built');
    const name = 'idle-notebook-stopper';
    const { pairs, subjectMillis, baselineMillis, ratio } = await measureColdStart({
      subject: { name, dir: join(dist, name) },
      baseline: empty,
      pairs: quick ? 5 : 15,
    });
    yield {
      what: `${name}: process start to first outside call`,
      measured: `${ratio.median.toFixed(2)} × an empty function (${milliseconds(subjectMillis.median)} to ${milliseconds(baselineMillis.median)}; median of ${pairs} pairs, ${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`,
      goal: { wanted: `≤ ${WANTED_RATIO.toFixed(2)} ×`, reached: ratio.median <= WANTED_RATIO },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
