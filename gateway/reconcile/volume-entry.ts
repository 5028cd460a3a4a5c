/**
 * One volume as this gateway is told to have it, and as it has it.
 *
 *            attach                   detach                delete
 *   absent ─────────▶ served ─────────────────▶ absent ─────────────▶ deleted
 *                      │  ▲
 *                      └──┘ attach again: another size, fence or set of hosts
 */
import type { VolumeDesired } from '../../control/contract/messages.ts'

export interface VolumeEntry {
  readonly volumeId: number
  /** As it is to be served; undefined: not to be served. */
  wanted: VolumeDesired | undefined
  /** Its blocks are to be forgotten. */
  unwantedBlocks: boolean
  /** As the engine serves it. */
  served: VolumeDesired | undefined
  /** The engine has forgotten its blocks. */
  blocksForgotten: boolean
}

/** One concern of the reconcile loop: when it is due, and what it does, once, about one volume. */
export interface Step {
  /** As in "attaching takes longer than ...". */
  readonly name: string
  isDue(entry: VolumeEntry): boolean
  /** Idempotent. Changes the entry only when the engine has done it. */
  run(entry: VolumeEntry): Promise<void>
}
