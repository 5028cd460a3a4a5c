/**
 * Forgets the blocks of a deleted volume. A volume that is, or is to be, served is never touched.
 */
import type { Engine } from '../../native-rdma/index.js'
import type { Step } from './volume-entry.ts'

export function deleteVolume(engine: Engine): Step {
  return {
    name: 'deleting',
    isDue: ({ wanted, served, unwantedBlocks, blocksForgotten }) =>
      unwantedBlocks && !blocksForgotten && wanted === undefined && served === undefined,
    async run(entry) {
      await engine.deleteVolume(BigInt(entry.volumeId))
      entry.blocksForgotten = true
    },
  }
}
