import type { Policy } from '../policy/policy.ts';
import { percentText } from '../units.ts';
import { notPassed, pass, type Check } from './check.ts';

/** Whether stops by an estimate know how much discounts take off list prices; nothing where the ladder counts no estimates. Pure. */
export function judgeDiscount({ budgets, watch }: Pick<Policy, 'budgets' | 'watch'>): readonly Check[] {
  if (budgets?.basis !== 'live' || watch === undefined) return [];
  const place = { id: 'policy-discount', subject: 'policy' };
  const { discountAtMost } = watch;
  return [
    discountAtMost === null
      ? notPassed(
          place,
          'warn',
          'watch.discountAtMost is not written: stops by the estimate count a fifth of list prices, and may come a day late',
          [
            'Set watch.discountAtMost in the policy: 0 where you pay list prices, 0.2 where contracts and commitments take off 20 % at the most',
          ],
        )
      : pass(
          place,
          `stops by the estimate count list prices less ${percentText(discountAtMost)}, watch.discountAtMost`,
        ),
  ];
}
