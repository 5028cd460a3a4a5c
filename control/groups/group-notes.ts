/**
 * What the leader knows of its work on groups: why a group waits, how quickly members are filled,
 * and how often it failed. In memory only; a new leader finds it out again.
 */
import type { PlacementGroup } from '../model/placement-group.ts'

export interface GroupNotes {
  /** Why nothing is done for the group; undefined: nothing has to be, or something is. */
  waitsFor(group: number): string | undefined
  setWaits(waits: ReadonlyMap<number, string>): void
  /** Blocks a second that come to members of the group that join. */
  blocksPerSecond(group: number): number
  /** How many blocks these groups' joining members lack now. */
  measure(blocksToCopy: ReadonlyMap<number, number>, nowMs: number): void
  /** `after` followed on `before`. */
  changed(before: PlacementGroup, after: PlacementGroup, nowMs: number): void
  mayJoin(group: number, nowMs: number): boolean
  reset(): void
}

interface Progress {
  readonly blocks: number
  readonly atMs: number
  readonly perSecond: number
}

interface BackOff {
  readonly failures: number
  readonly untilMs: number
}

const backOffFirstMs = 1000
const backOffMaxMs = 120_000
/** How much of a rate is its newest measurement. */
const newestPart = 0.3

/** `random` is in 0..1. */
export function createGroupNotes(random: () => number = Math.random): GroupNotes {
  let waits: ReadonlyMap<number, string> = new Map()
  const progress = new Map<number, Progress>()
  const backOffs = new Map<number, BackOff>()
  return {
    waitsFor: (group) => waits.get(group),
    setWaits(now) {
      waits = now
    },
    blocksPerSecond: (group) => Math.round(progress.get(group)?.perSecond ?? 0),
    measure(blocksToCopy, nowMs) {
      for (const group of progress.keys()) if (!blocksToCopy.has(group)) progress.delete(group)
      for (const [group, blocks] of blocksToCopy)
        progress.set(group, advance(progress.get(group), blocks, nowMs))
    },
    changed(before, after, nowMs) {
      const { number } = before
      const stays = new Set(after.members.map(({ node }) => node))
      const failed = before.members.some(({ node, role }) => role === 'joining' && !stays.has(node))
      if (failed) {
        const failures = (backOffs.get(number)?.failures ?? 0) + 1
        const wholeMs = Math.min(backOffMaxMs, backOffFirstMs * 2 ** (failures - 1))
        // Groups that failed together do not come back together.
        backOffs.set(number, { failures, untilMs: nowMs + wholeMs * (0.5 + random() / 2) })
      } else if (before.members.some(({ role }) => role === 'joining')) backOffs.delete(number)
    },
    mayJoin: (group, nowMs) => nowMs >= (backOffs.get(group)?.untilMs ?? 0),
    reset() {
      waits = new Map()
      progress.clear()
      backOffs.clear()
    },
  }
}

function advance(before: Progress | undefined, blocks: number, atMs: number): Progress {
  if (!before || atMs <= before.atMs) return { blocks, atMs, perSecond: before?.perSecond ?? 0 }
  const copied = Math.max(0, before.blocks - blocks)
  const newest = (copied * 1000) / (atMs - before.atMs)
  return { blocks, atMs, perSecond: before.perSecond * (1 - newestPart) + newest * newestPart }
}
