import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { jobKind, RUN_LABEL } from './job.ts';

/** Tuning of Google's own models, on Google's own machines. */
export const TUNING_JOBS = jobKind({
  kind: 'tuning-job',
  title: 'tuning jobs',
  collection: 'tuningJobs',
  states: 'JOB_STATE',
  order: 14,
  nameField: 'tunedModelDisplayName',
  fields: { tunedModelDisplayName: z.optional(z.string()), baseModel: z.optional(z.string()) },
  mask: ['baseModel'],
  describe({ name, labels = {}, tunedModelDisplayName = '', baseModel = '' }) {
    const run = labels[RUN_LABEL];
    return {
      description: `tuning of ${baseModel} as ${tunedModelDisplayName}`,
      cost: unpriced('tuning bills by tokens, not by the hour'),
      source: `the specification that ${name} still shows`,
      ownerKeys: run === undefined ? [] : [`run/${run}`],
    };
  },
});
