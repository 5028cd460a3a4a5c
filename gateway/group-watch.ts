/** Notices that groups have changed: the engine has no event for each block that is copied. */
import { isDeepStrictEqual } from 'node:util'
import type { Engine } from '../native-rdma/index.js'

export interface GroupWatch {
  close(): void
}

/** So often control is told of groups at most. */
const intervalMs = 250

export function watchGroups(engine: Engine, changed: () => void): GroupWatch {
  let seen = engine.groups()
  const look = () => {
    const groups = engine.groups()
    if (isDeepStrictEqual(groups, seen)) return
    seen = groups
    changed()
  }
  const timer = setInterval(look, intervalMs)
  return { close: () => clearInterval(timer) }
}
