import type { Tone } from '../../../shared/report/chart.ts';
import type { FindingKind, LaneKind } from './report.ts';

/** What people read for a kind of lane, and its colour in the charts. */
export const LANE_KINDS: Readonly<Record<LaneKind, { readonly text: string; readonly tone: Tone }>> = {
  'same-zone': { text: 'within a zone', tone: 'grey' },
  'cross-zone': { text: 'between zones', tone: 'blue' },
  'inter-region': { text: 'between regions', tone: 'purple' },
  'inter-continent': { text: 'between continents', tone: 'orange' },
  internet: { text: 'internet', tone: 'red' },
  'google-apis': { text: 'Google APIs', tone: 'grey' },
  hybrid: { text: 'VPN or Interconnect', tone: 'pink' },
  'bucket-reads': { text: 'bucket reads', tone: 'teal' },
  nat: { text: 'Cloud NAT processing', tone: 'pink' },
  'inter-region-nat': { text: 'Cloud NAT between regions', tone: 'pink' },
  'load-balancer': { text: 'load balancer processing', tone: 'pink' },
  unknown: { text: 'destination not told', tone: 'grey' },
  'small-lanes': { text: 'small lanes together', tone: 'grey' },
};

export const FINDING_KINDS: Readonly<Record<FindingKind, string>> = {
  'far-from-bucket': 'far from its bucket',
  'chatty-zones': 'chatty zones',
  'external-address-between-own-vms': 'external address between own VMs',
  'premium-tier': 'premium tier',
  'bucket-read-from-several-regions': 'bucket read from several regions',
};
