/** The parts of the world that Google's price lists of network traffic tell apart. */
export type Area =
  | 'us-canada'
  | 'south-america'
  | 'europe'
  | 'asia'
  | 'indonesia'
  | 'oceania'
  | 'middle-east'
  | 'africa'
  | 'elsewhere';

/** Mexico (`northamerica-south1`) has no price of its own in any source that was read. */
export function areaOf(region: string): Area {
  if (region === 'asia-southeast2') return 'indonesia';
  if (region === 'northamerica-south1') return 'elsewhere';
  const [prefix = ''] = region.split('-');
  return AREAS[prefix] ?? 'elsewhere';
}

const AREAS: Readonly<Record<string, Area>> = {
  us: 'us-canada',
  northamerica: 'us-canada',
  southamerica: 'south-america',
  europe: 'europe',
  asia: 'asia',
  australia: 'oceania',
  me: 'middle-east',
  africa: 'africa',
};

/** The row of the price book for traffic between VMs of two regions; undefined where no source has a price. */
export function vmPriceId(from: string, to: string): string | undefined {
  const areas = [areaOf(from), areaOf(to)];
  const touches = (...some: readonly Area[]): boolean => areas.some((area) => some.includes(area));
  const both = (area: Area): boolean => areas.every((one) => one === area);
  if (touches('elsewhere')) return undefined;
  if (touches('oceania', 'indonesia')) return 'vm-oceania';
  if (both('us-canada')) return 'vm-us-canada';
  if (both('europe')) return 'vm-europe';
  if (both('asia')) return 'vm-asia';
  if (both('south-america')) return 'vm-south-america';
  if (both('middle-east') || both('africa')) return undefined;
  if (touches('south-america')) return touches('middle-east', 'africa') ? undefined : 'vm-to-south-america';
  if (touches('middle-east', 'africa')) return 'vm-to-middle-east-africa';
  return touches('asia') ? 'vm-continents' : 'vm-na-europe';
}
