import { GIB } from '../../../shared/prices/quantities.ts';
import type { Tier } from './tiers.ts';

/** "Model size × 4": a rule of thumb beside the formula, and where the two differ. */
export interface SeedRule {
  readonly needGb: number;
  /** The first tier whose GPUs together have as much memory; undefined where none has. */
  readonly machineType: string | undefined;
  readonly verdict: 'agrees' | 'too small' | 'too large' | 'none';
  readonly why: string;
}

/** The rule adds up the memory of all GPUs of a machine, as if every job were split over them. */
export function seedRule(sizeGb: number, tiers: readonly Tier[], fits: readonly Tier[]): SeedRule {
  const needGb = sizeGb * 4;
  const chosen = tiers.find(
    ({ usableMibPerGpu, gpusPerNode }) => (usableMibPerGpu * gpusPerNode * 2 ** 20) / 1e9 >= needGb,
  );
  const [best] = fits;
  const about = 'right for weights and Adam in fp32 (16 B a parameter), without activations';
  if (chosen === undefined)
    return { needGb, machineType: undefined, verdict: 'none', why: 'no machine of the region has as much' };
  const { machineType, verdict } = chosen;
  if (verdict === 'no')
    return {
      needGb,
      machineType,
      verdict: 'too small',
      why: `it does not fit there: each GPU would need ${gib(chosen.memory.expectedBytes)} GiB`,
    };
  const same = best?.machineType === machineType;
  return {
    needGb,
    machineType,
    verdict: same || best === undefined ? 'agrees' : 'too large',
    why: same || best === undefined ? about : `${best.machineType} is enough and costs less`,
  };
}

const gib = (bytes: number): string => (bytes / GIB).toFixed(1);
