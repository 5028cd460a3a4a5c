/**
 * A placement group: a replica set under one epoch. A record is changed only by compare-and-swap,
 * from one epoch to the next: what control decided last is what counts.
 */
import type { Copies } from '../../placement/topology.ts'
import { defineRecord, type RecordKind } from './record.ts'

export type MemberRole = 'in-sync' | 'joining'

export interface GroupMember {
  readonly node: string
  readonly role: MemberRole
  /** When it took this role, as ISO 8601. */
  readonly since: string
}

/** A node that was a member and was lost: it is given time to come back before it is replaced. */
export interface LostMember {
  readonly node: string
  readonly since: string
}

export interface PlacementGroup {
  readonly number: number
  readonly epoch: number
  /** How many members it shall have. */
  readonly copies: Copies
  /** With fewer in sync it takes no writes. */
  readonly minInSync: number
  readonly primary: string
  readonly members: readonly GroupMember[]
  /** Nodes that were members and were lost; only those that may still come back. */
  readonly lost?: readonly LostMember[]
  /** Members that shall go as soon as there are enough others in sync. */
  readonly leaving?: readonly string[]
  /** Why this configuration was made, as a sentence. */
  readonly reason?: string
}

const record = defineRecord<PlacementGroup>('placement-group/', 1)

export const placementGroupKind: RecordKind<PlacementGroup> = {
  ...record,
  decode(entry) {
    const stored = record.decode(entry)
    return { ...stored, value: withDefaults(stored.value) }
  },
}

/** A record of a release with one copy has neither copies nor times. */
function withDefaults(group: PlacementGroup): PlacementGroup {
  const { copies = 1, minInSync = 1 } = group as Partial<PlacementGroup>
  const members = group.members.map((member) => ({ ...member, since: member.since ?? '' }))
  return { ...group, copies, minInSync, members }
}

export const placementGroupName = (number: number): string => number.toString(16).padStart(8, '0')

export const inSyncOf = ({ members }: Pick<PlacementGroup, 'members'>): readonly GroupMember[] =>
  members.filter(({ role }) => role === 'in-sync')

/** One copy may be lost before writes wait, as long as there is more than one. */
export const minInSyncOf = (copies: Copies): number => Math.max(1, copies - 1)
