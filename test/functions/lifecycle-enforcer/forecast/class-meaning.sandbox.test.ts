import { describe, expect, it } from 'vitest';
import type { StoredRule } from '../../../../shared/google/buckets.ts';
import { ABORT, deleteAfter, moveTo, reasonsOf } from '../../../support/bucket-lab.ts';
import { cellOf, judge, objectOf, type Situation } from '../judge.ts';

const DELETE_STANDARD = deleteAfter(30, { matchesStorageClass: ['STANDARD'] });
const byClass = (storageClass: string): StoredRule =>
  deleteAfter(30, { matchesStorageClass: [storageClass] });

interface Case extends Situation {
  readonly name: string;
  readonly verdict: string;
}

/** The share that may go is a tenth, and the bucket is years old: a Delete that may match must be refused. */
const METRICS: readonly Case[] = [
  { name: 'label REGIONAL, Delete of STANDARD (L01)', cells: [cellOf({ storageClass: 'REGIONAL' })], rules: [DELETE_STANDARD], verdict: 'deleted-share-unknown' },
  { name: 'label MULTI_REGIONAL, Delete of STANDARD', cells: [cellOf({ storageClass: 'MULTI_REGIONAL' })], rules: [DELETE_STANDARD], verdict: 'deleted-share-unknown' },
  { name: 'label MULTI_REGIONAL, Delete of REGIONAL', cells: [cellOf({ storageClass: 'MULTI_REGIONAL' })], rules: [byClass('REGIONAL')], verdict: 'deleted-share-unknown' },
  { name: 'label STANDARD, Delete of STANDARD', cells: [cellOf()], rules: [DELETE_STANDARD], verdict: 'deleted-share-unknown' },
  { name: 'label STANDARD, Delete of REGIONAL', cells: [cellOf()], rules: [byClass('REGIONAL')], verdict: 'deleted-share-unknown' },
  { name: 'no label at all', cells: [cellOf({ storageClass: '' })], rules: [byClass('NEARLINE')], verdict: 'deleted-share-unknown' },
  { name: 'label REGIONAL, Delete of NEARLINE', cells: [cellOf({ storageClass: 'REGIONAL' })], rules: [byClass('NEARLINE')], verdict: 'no-rules' },
  { name: 'label STANDARD, Delete of reduced availability', cells: [cellOf()], rules: [byClass('DURABLE_REDUCED_AVAILABILITY')], verdict: 'no-rules' },
  { name: 'Autoclass may move STANDARD to NEARLINE for a Delete that was there', bucket: { autoclass: true, rules: [byClass('NEARLINE')] }, cells: [cellOf()], rules: [ABORT], verdict: 'drift' },
  { name: 'a new move makes a Delete by class fire that was there', bucket: { rules: [byClass('NEARLINE')] }, cells: [cellOf()], rules: [moveTo('NEARLINE', 30)], verdict: 'deleted-share-unknown' },
  { name: 'a move that goes leaves objects to a Delete by class', bucket: { rules: [moveTo('NEARLINE', 1), DELETE_STANDARD] }, cells: [cellOf()], rules: [DELETE_STANDARD], foreignRules: 'remove', verdict: 'deleted-share-unknown' },
  { name: 'a new move beside a Delete of every class', bucket: { rules: [deleteAfter(90)] }, cells: [cellOf()], rules: [moveTo('NEARLINE', 30)], verdict: 'drift' },
]; // prettier-ignore

const old = (storageClass: string): NonNullable<Situation['objects']> =>
  [60, 61].map((days) => objectOf(days, { storageClass }));

const OBJECTS: readonly Case[] = [
  { name: 'REGIONAL objects, Delete of STANDARD', objects: old('REGIONAL'), rules: [DELETE_STANDARD], verdict: 'deleted-share-unknown' },
  { name: 'STANDARD objects, Delete of REGIONAL', objects: old('STANDARD'), rules: [byClass('REGIONAL')], verdict: 'deleted-share-unknown' },
  { name: 'STANDARD objects, Delete of STANDARD', objects: old('STANDARD'), rules: [DELETE_STANDARD], verdict: 'max-deleted-share' },
  { name: 'REGIONAL objects, a move of STANDARD before a Delete of REGIONAL', objects: old('REGIONAL'), rules: [moveTo('NEARLINE', 5, { matchesStorageClass: ['STANDARD'] }), byClass('REGIONAL')], verdict: 'in-part (max-deleted-share)' },
  { name: 'REGIONAL objects, Delete of NEARLINE', objects: old('REGIONAL'), rules: [byClass('NEARLINE')], verdict: 'no-rules' },
  { name: 'a new move makes a Delete by class fire that was there', bucket: { rules: [byClass('NEARLINE')] }, objects: old('STANDARD'), rules: [moveTo('NEARLINE', 30)], verdict: 'max-deleted-share' },
]; // prettier-ignore

describe('the guard against mass deletion compares classes by meaning', () => {
  for (const { name, verdict, ...situation } of METRICS)
    it(`metrics: ${name}`, async () => {
      expect(reasonsOf(await judge({ maxDeletedShare: 0.1, ...situation }))).toBe(verdict);
    });
  for (const { name, verdict, ...situation } of OBJECTS)
    it(`objects: ${name}`, async () => {
      expect(reasonsOf(await judge({ maxDeletedShare: 0.1, ...situation }))).toBe(verdict);
    });
});
