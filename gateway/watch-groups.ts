/**
 * Notices that groups and connections to peers have changed: the engine has no event for each block
 * that is copied. A connection that comes or goes is a line on the log.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { Engine } from '../native-rdma/index.js'

export interface GroupWatch {
  close(): void
}

/** So often control is told of groups at most. */
const intervalMs = 250

export function watchGroups(engine: Engine, changed: () => void, log: Logger): GroupWatch {
  let groups = engine.groups()
  const said = new Map<number, string>()
  const lookAtPeers = () => {
    for (const { nodeId, state, reason } of engine.peers()) {
      const how = state === 'connected' ? 'connected' : 'not connected'
      const sentence = `node ${nodeId} is ${how}${reason && `: ${reason}`}`
      if (said.get(nodeId) !== sentence) log.info({ peer: nodeId }, sentence)
      said.set(nodeId, sentence)
    }
  }
  const look = () => {
    lookAtPeers()
    const found = engine.groups()
    if (isDeepStrictEqual(found, groups)) return
    groups = found
    changed()
  }
  const timer = setInterval(look, intervalMs)
  return { close: () => clearInterval(timer) }
}
