import { sumBands, type Band } from '../../../shared/spend/band.ts';
import type { Ledger, Running } from '../../../shared/spend/ledger.ts';
import { sawAllOf } from '../looks/ages.ts';

/** What one kind of resource costs an hour, USD. A bound that is not known is undefined, never zero for want of a look. */
export type KindBurn = { readonly [Bound in keyof Band]: number | undefined };

/** The kinds that ran since the ledger began. One of which every region was seen, and nothing is there, burns nothing. Pure. */
export function burnByKind(ledger: Ledger, watched: readonly string[]): ReadonlyMap<string, KindBurn> {
  const running = Map.groupBy(ledger.running, ({ kind }) => kind);
  const kinds = [...new Set([...Object.keys(ledger.kinds), ...running.keys()])].sort();
  return new Map(
    kinds.map((kind) => [
      kind,
      kindBurn(running.get(kind) ?? [], ledger.lookedMs, sawAllOf(kind, ledger, watched)),
    ]),
  );
}

function kindBurn(all: readonly Running[], lookedMs: number, sawAll: boolean): KindBurn {
  // What its listing hid may be gone.
  const seen = all.filter(({ seenMs }) => seenMs >= lookedMs);
  const { expected, high } = sumBands(all.map(({ rate }) => rate));
  const { low } = sumBands(seen.map(({ rate }) => rate));
  return {
    low: sawAll || seen.length > 0 ? low : undefined,
    // Nothing expected of what has no price is not nothing.
    expected: (sawAll || all.length > 0) && (expected > 0 || high === 0) ? expected : undefined,
    high: sawAll ? high : undefined,
  };
}
