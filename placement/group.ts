/** A placement group as placement sees it. */
import type { Copies } from './topology.ts'

export interface Group {
  readonly number: number
  /** How many members it shall have; it has fewer while one is lost. */
  readonly copies: Copies
  /** Names of nodes, those included that are still being filled. */
  readonly members: readonly string[]
  readonly primary: string
  /** How many extents of volumes lie in it, written or not; a part of one counts as that. */
  readonly extents: number
}

/** What a group weighs on each of its members: an empty one counts, too, for it will be filled. */
export const loadOf = (group: Pick<Group, 'extents'>): number => group.extents + 1
