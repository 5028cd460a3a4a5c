/** Stops serving a volume that control does not want served here any more. Its data stays. */
import type { Engine } from '../../native-rdma/index.js'
import type { Step } from './volume-entry.ts'

export function detachVolume(engine: Engine): Step {
  return {
    name: 'detaching',
    isDue: ({ wanted, served }) => wanted === undefined && served !== undefined,
    async run(entry) {
      await engine.detachVolume(BigInt(entry.volumeId))
      entry.served = undefined
    },
  }
}
