/** The policy's section `lifecycle`: which buckets get which lifecycle rules. */
import * as z from 'zod/mini';
import { lifecycleRule } from './lifecycle-rules.ts';
import {
  complain,
  labelKey,
  labelValue,
  list,
  mode,
  oneOf,
  section,
  textLike,
  wholeNumber,
} from './fields.ts';
import { shown } from './problems.ts';

const bucketPolicy = section({
  name: textLike(
    /^[a-z][a-z0-9_-]{0,62}$/,
    'a name of at most 63 lower-case letters, digits, _ and -, a letter first',
  ),
  match: z.prefault(
    section({
      name: z.prefault(
        textLike(
          /^[a-z0-9._*?-]{1,222}$/,
          'a bucket name (lower case) in which * and ? may stand for other characters',
        ),
        '*',
      ),
      labels: z.prefault(
        z.record(labelKey, labelValue, {
          error: ({ code, input }) =>
            code === 'invalid_key'
              ? `unusable key; expected a label key: 1 to 63 lower-case letters, digits, _ and -, a letter first`
              : `${shown(input)}; expected a map of labels {key: "value"}`,
        }),
        {},
      ),
      location: z.prefault(
        textLike(
          /^[A-Za-z0-9*?-]{1,63}$/,
          'a location such as us-central1 or EU, in which * and ? may stand for other characters',
        ),
        '*',
      ),
    }),
    {},
  ),
  rules: list(lifecycleRule, 'a list of rules {action, condition}'),
  foreignRules: z.prefault(oneOf(['keep', 'overrule', 'remove']), 'keep'),
  allowDeleteAll: z.prefault(z.boolean(complain('true or false without quotes')), false),
});

const shareFormat = "a share of the bucket's bytes, a number from 0 to 1 (0.5 is 50 %), without quotes";

const countFormat = 'a whole number without quotes, 0 or more';

/** The section `lifecycle`. */
export const lifecycle = section({
  mode: z.exactOptional(mode),
  simulate: z.prefault(oneOf(['metrics', 'objects']), 'metrics'),
  terraformManaged: z.prefault(oneOf(['enforce', 'report']), 'enforce'),
  // No rule that deletes is anyone's default: examples to copy are in deploy/.
  policies: z.prefault(list(bucketPolicy, 'a list of policies {name, match, rules, foreignRules}'), []),
  exemptLabel: z.prefault(labelKey, 'costguard-exempt'),
  maxDeletedShare: z.prefault(
    z.number(complain(shareFormat)).check(z.gte(0, complain(shareFormat)), z.lte(1, complain(shareFormat))),
    0.5,
  ),
  maxPatches: z.prefault(wholeNumber(countFormat), 1_000),
});
