import type { VertexFile } from '../other-books.ts';
import type { FreshCell } from './fresh-prices.ts';
import { tariffOf, type Sku } from './read-skus.ts';
import { FAMILIES, GPUS } from './sku-names.ts';

/** The book of Vertex AI made anew, or why it was not; undefined for both where the catalog shows nothing to compare. */
export interface FreshVertex {
  readonly book: VertexFile | undefined;
  readonly problems: readonly string[];
}

const USE =
  /^Vertex AI: (?:Training\/Pipelines|Online\/Batch Prediction)( management fee)?(?: on)? (.+?)(?: running)? in [A-Z]/i;

/** Words that only one of the two services writes. */
const common = (name: string): string => name.toLowerCase().replace(/ predefined| gpu$/g, '');

/** What Compute Engine calls a thing, by the name that both services share. */
const THINGS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(FAMILIES).flatMap(([name, family]): (readonly [string, string])[] => [
    [common(`${name} Instance Core`), `unit-prices ${family}.vcpu`],
    [common(`${name} Instance Ram`), `unit-prices ${family}.gib`],
  ]),
  ...Object.entries(GPUS).map(([name, gpu]) => [common(name), `gpu-prices ${gpu}`] as const),
]);

interface Ratio {
  readonly fee: boolean;
  readonly ratio: string;
  readonly place: string;
  readonly sku: Sku;
}

/** What Vertex AI charges for cores, memory and GPUs, against what Compute Engine does in the same region: one ratio, or a problem. */
export function vertexRatio(
  skus: readonly Sku[],
  fresh: readonly FreshCell[],
  current: VertexFile,
  about: { readonly source: string; readonly asOf: string },
): FreshVertex {
  const compute = new Map(
    fresh
      .filter(({ usage }) => usage === 'on-demand')
      .map(({ book, name, place, usd }) => [`${book} ${name} ${place}`, Number(usd)]),
  );
  const ratios = skus.flatMap((sku) => ratiosOf(sku, compute));
  const [onDemand, fee] = [ratios.filter((one) => !one.fee), ratios.filter((one) => one.fee)];
  const problems = [...disagreement('on demand', onDemand), ...disagreement('management fee', fee)];
  const [first] = onDemand;
  if (first === undefined || problems.length > 0) return { book: undefined, problems };
  const book: VertexFile = {
    what: current.what,
    ...about,
    onDemandRatio: Number(first.ratio),
    feeShare: fee[0] === undefined ? current.feeShare : Number(fee[0].ratio),
    seenIn: [...new Set(onDemand.map(({ place }) => place))].sort(),
  };
  return { book, problems };
}

function ratiosOf(sku: Sku, compute: ReadonlyMap<string, number>): readonly Ratio[] {
  const [, fee, name] = USE.exec(sku.description) ?? [];
  const thing = name === undefined ? undefined : THINGS.get(common(name));
  const usd = tariffOf(sku)?.tiers.at(-1)?.usd ?? 0;
  if (thing === undefined || usd === 0 || sku.category.usageType !== 'OnDemand') return [];
  return sku.serviceRegions.flatMap((place) => {
    const own = compute.get(`${thing} ${place}`);
    return own === undefined ? [] : [{ fee: fee !== undefined, ratio: (usd / own).toFixed(2), place, sku }];
  });
}

function disagreement(what: string, ratios: readonly Ratio[]): readonly string[] {
  const one = new Map(ratios.map((ratio) => [ratio.ratio, ratio]));
  if (one.size < 2) return [];
  const said = [...one.values()].map(({ ratio, place, sku }) => `${ratio} ("${sku.description}", ${place})`);
  return [`Vertex AI ${what} against Compute Engine: ${said.slice(0, 4).join(' and ')}`];
}
