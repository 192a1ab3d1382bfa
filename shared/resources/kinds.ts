import type { ResourceKind } from './kind.ts';
import { INSTANCE_GROUPS } from './compute/instance-group.ts';
import { VMS } from './compute/vm.ts';

/** The table of what burns, in the order in which it is stopped. */
export const RESOURCE_KINDS: readonly ResourceKind[] = [INSTANCE_GROUPS, VMS];
