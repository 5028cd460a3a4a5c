/**
 * Shows a volume to its hosts as control wants it: newly, or with another size, fence or set of
 * hosts.
 */
import { isDeepStrictEqual } from 'node:util'
import type { VolumeDesired } from '../../control/contract/messages.ts'
import type { Engine, VolumeConfig } from '../../native-rdma/index.js'
import type { Step } from './volume-entry.ts'

const blockBytes = 4096

export function attachVolume(engine: Engine, extentBytes: number): Step {
  return {
    name: 'attaching',
    isDue: ({ wanted, served }) => wanted !== undefined && !isDeepStrictEqual(wanted, served),
    async run(entry) {
      const wanted = entry.wanted as VolumeDesired
      await engine.attachVolume(toConfig(wanted, extentBytes))
      entry.served = wanted
      entry.blocksForgotten = false
    },
  }
}

/** Fails with a sentence where the engine could only say INVALID_ARGUMENT. */
function toConfig(volume: VolumeDesired, extentBytes: number): VolumeConfig {
  const { volumeId, uuid, blockCount, extentMap, fence } = volume
  if (!(blockCount > 0)) throw new Error('control gave the volume no blocks')
  if (uuid.length !== 16) throw new Error(`control gave a UUID of ${uuid.length} bytes`)
  const extents = Math.ceil(blockCount / (extentBytes / blockBytes))
  if (extentMap.length !== extents * 4)
    throw new Error(
      `control gave a map of ${extentMap.length} bytes, but ${extents} extents need ${extents * 4}`,
    )
  return {
    volumeId: BigInt(volumeId),
    uuid,
    subsystemNqn: volume.subsystemNqn,
    serial: volume.serial,
    model: volume.model,
    blockCount: BigInt(blockCount),
    extentMap,
    fence: BigInt(fence),
    allowedHosts: volume.allowedHosts,
  }
}
