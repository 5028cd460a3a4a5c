/**
 * What was last asked of a node's gateway: to read all live blocks once, or to end that.
 *
 * A gateway that is away finds it when it comes back. Numbers grow over the whole cell, so that a
 * gateway sees which request it has done.
 */
import { defineRecord } from './record.ts'

export interface ScrubRequest {
  readonly number: number
  /** For each device; 0: no limit. */
  readonly bytesPerSecond: number
  readonly stop: boolean
  readonly requestedAt: string
}

/** By the node's name. */
export const scrubRequestKind = defineRecord<ScrubRequest>('scrub-request/', 1)
