/** Keeps the discovery log that this gateway tells hosts as control wants it. */
import { isDeepStrictEqual } from 'node:util'
import type { DiscoveryEntryMessage } from '../../control/contract/messages.ts'
import type { Engine } from '../../native-rdma/index.js'
import { createLoop, type Loop, type LoopOptions } from './loop.ts'

export interface DiscoveryLog {
  want(entries: readonly DiscoveryEntryMessage[]): void
  readonly loop: Loop
}

export function publishDiscovery(engine: Engine, options: Omit<LoopOptions, 'next'>): DiscoveryLog {
  let wanted: readonly DiscoveryEntryMessage[] = []
  let published: readonly DiscoveryEntryMessage[] = []
  const run = async () => {
    const entries = wanted
    await engine.setDiscovery(entries)
    published = entries
  }
  const next = () =>
    isDeepStrictEqual(wanted, published) ? undefined : { name: 'publishing discovery', run }
  const loop = createLoop({ next, ...options })
  return {
    want(entries) {
      wanted = entries.map(({ hostNqn, subsystemNqn, address, port }) => {
        return { hostNqn, subsystemNqn, address, port }
      })
      loop.poke()
    },
    loop,
  }
}
