import type { StoredRule } from '../../../shared/google/buckets.ts';
import type { Config } from '../config.ts';
import type { Forecast } from '../forecast/forecast.ts';
import type { RuleChange } from '../forecast/objects.ts';
import { readRule } from '../rules/condition.ts';
import type { Merge } from '../rules/merge.ts';
import { deletesTooMuch, type Guard } from './guard.ts';
import type { Proposal } from './propose.ts';
import type { BlockedRule, Refusal } from './refuse.ts';

/** What the new rules do to a bucket's contents, and which of them are therefore not written. */
export interface Foresight {
  /** Of what is written; where nothing is, of what would have been. */
  readonly forecast: Forecast | undefined;
  readonly guard: Guard | undefined;
}

export interface ForesightInput {
  readonly config: Config;
  readonly present: readonly StoredRule[];
  readonly propose: (guard?: Guard) => Proposal;
  /** One look at the contents for any number of changes. */
  readonly forecast: (changes: readonly RuleChange[]) => Promise<readonly (Forecast | undefined)[]>;
}

/** With more new Delete rules than this they stand or fall together. */
const MAX_SINGLE_DELETES = 10;

/** Forecasts a change. Where it would delete too much, as many of its rules are held back as it takes. */
export async function foresee(input: ForesightInput): Promise<Foresight> {
  const whole = await tryOut(input, [undefined]);
  const [first] = whole;
  if (first === undefined) return { forecast: undefined, guard: undefined };
  if (first.refusal === undefined) return { forecast: first.forecast, guard: undefined };
  const deletes = first.merge.added.filter(({ action }) => action.type === 'Delete');
  const moves = first.merge.added.filter(({ action }) => action.type === 'SetStorageClass');
  const { refusal } = first;
  const hold = (rules: readonly StoredRule[]): Guard => ({
    held: rules.map((rule) => ({ rule, ...refusal })),
  });
  const single = deletes.length > 1 && deletes.length <= MAX_SINGLE_DELETES ? deletes : [];
  const tried = await tryOut(
    input,
    single.map((rule) => hold(deletes.filter((other) => other !== rule))),
  );
  const reasons = new Map(single.map((rule, at) => [rule, tried[at]?.refusal]));
  const fine = single.filter((_, at) => tried[at] !== undefined && tried[at].refusal === undefined);
  const [together] = fine.length > 1 ? await tryOut(input, [holdAllBut(fine)]) : [];
  if (together !== undefined && together.refusal === undefined) return together;
  const [one] = fine;
  const alone = one && tried[single.indexOf(one)];
  if (one !== undefined && alone !== undefined) return { ...alone, guard: holdAllBut([one]) };
  const last = await tryOut(input, [hold(deletes), hold([...deletes, ...moves])]);
  const passing = last.find((attempt) => attempt.refusal === undefined);
  if (passing !== undefined) return passing.isChange ? passing : { ...passing, forecast: first.forecast };
  return { forecast: first.forecast, guard: { held: [], refusal } };

  function holdAllBut(kept: readonly StoredRule[]): Guard {
    const held = deletes.filter((rule) => !kept.includes(rule));
    return { held: held.map((rule): BlockedRule => ({ rule, ...(reasons.get(rule) ?? refusal) })) };
  }
}

interface Attempt extends Foresight {
  readonly merge: Merge;
  readonly refusal: Refusal | undefined;
  readonly isChange: boolean;
}

/** What comes of a change when some of its rules are held back. */
async function tryOut(
  { config, present, propose, forecast }: ForesightInput,
  guards: readonly (Guard | undefined)[],
): Promise<readonly Attempt[]> {
  const proposals = guards.map((guard) => ({ guard, proposal: propose(guard) }));
  const before = present.map(readRule);
  const known = new Map(before.map((read) => [read.rule, read]));
  const changes = proposals.flatMap(({ proposal }) =>
    proposal.kind === 'change'
      ? [{ before, after: proposal.merge.rules.map((rule) => known.get(rule) ?? readRule(rule)) }]
      : [],
  );
  const forecasts = changes.length === 0 ? [] : await forecast(changes);
  let next = 0;
  return proposals.flatMap(({ guard, proposal }): Attempt[] => {
    if (!('merge' in proposal)) return [];
    const { merge } = proposal;
    if (proposal.kind !== 'change')
      return [{ guard, merge, forecast: undefined, refusal: undefined, isChange: false }];
    const found = forecasts[next++];
    const refusal = deletesTooMuch(merge, found, config);
    return [{ guard, merge, forecast: found, refusal, isChange: true }];
  });
}
