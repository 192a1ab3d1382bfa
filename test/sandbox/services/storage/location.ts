import { ApiError } from '../../http/api-error.ts';

const MULTI_REGIONS: ReadonlySet<string> = new Set(['US', 'EU', 'ASIA']);
const DUAL_REGIONS: ReadonlySet<string> = new Set(['NAM4', 'EUR4', 'EUR5', 'EUR7', 'EUR8', 'ASIA1']);

export type LocationType = 'region' | 'dual-region' | 'multi-region';

/** `custom`: the bucket names its own pair of regions. Throws the 400 of a location that cannot be. */
export function locationTypeOf(location: string, custom: boolean): LocationType {
  if (custom || DUAL_REGIONS.has(location)) return 'dual-region';
  if (MULTI_REGIONS.has(location)) return 'multi-region';
  if (/^[A-Z]+-[A-Z]+\d+$/.test(location)) return 'region';
  throw new ApiError('INVALID_ARGUMENT', 'The specified location constraint is not valid.');
}
