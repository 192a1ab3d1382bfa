/** The Node.js runtimes on 2026-11-23. Source: functions/docs/runtime-support. */
const NODE_RUNTIMES = [
  { version: 20, stage: 'DECOMMISSIONED', deprecated: [2026, 4, 30], decommissioned: [2026, 10, 30] },
  { version: 22, stage: 'GA', deprecated: [2027, 4, 30], decommissioned: [2027, 10, 31] },
  { version: 24, stage: 'GA', deprecated: [2028, 4, 30], decommissioned: [2028, 10, 31] },
] as const;

const dateOf = ([year, month, day]: readonly [number, number, number]) => ({ year, month, day });

export const RUNTIMES = NODE_RUNTIMES.map(({ version, stage, deprecated, decommissioned }) => ({
  name: `nodejs${version}`,
  displayName: `Node.js ${version}`,
  stage,
  environment: 'GEN_2',
  deprecationDate: dateOf(deprecated),
  decommissionDate: dateOf(decommissioned),
}));

/** Whether functions can be created and updated with the runtime. */
export function isDeployable(runtime: string): boolean {
  return RUNTIMES.some(({ name, stage }) => name === runtime && stage !== 'DECOMMISSIONED');
}
