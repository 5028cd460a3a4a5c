/** A placement group: a replica set under one epoch. With one copy per volume it has one member. */
import { defineRecord } from './record.ts'

export interface PlacementGroup {
  readonly number: number
  readonly epoch: number
  readonly primary: string
  readonly members: readonly { readonly node: string; readonly role: 'in-sync' | 'joining' }[]
}

export const placementGroupKind = defineRecord<PlacementGroup>('placement-group/', 1)

export const placementGroupName = (number: number): string => number.toString(16).padStart(8, '0')
