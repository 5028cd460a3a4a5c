/**
 * Makes the engine have what control wants, volume by volume, and says how far that is.
 *
 * Whole desired states come in; each volume has a loop of its own, which compares and does one step
 * at a time. A volume that fails keeps its reason and is tried again; the others go on. Who keeps
 * which placement group comes before all of them.
 */
import type { Desired, VolumeObserved } from '../../control/contract/messages.ts'
import type { Engine } from '../../native-rdma/index.js'
import { attachVolume } from './attach-volume.ts'
import { deleteVolume } from './delete-volume.ts'
import { detachVolume } from './detach-volume.ts'
import { publishDiscovery } from './discovery.ts'
import { createGate, createLoop, type Loop, type LoopLimits } from './loop.ts'
import { applyMembership, type MembershipDesired } from './membership.ts'
import type { VolumeEntry } from './volume-entry.ts'

export interface Reconciler {
  want(desired: Desired): void
  /** Only who keeps which group, of what will be wanted in a moment. */
  wantMembership(desired: MembershipDesired): void
  /** How each volume is, with the hosts that `connections` counts by subsystem NQN. */
  observed(connections: ReadonlyMap<string, number>): VolumeObserved[]
  /** Resolves once nothing runs: all is as wanted, or waits after a failure. */
  settled(): Promise<void>
  /** Starts nothing any more, and resolves once nothing runs. */
  close(): Promise<void>
}

export interface ReconcilerOptions {
  readonly engine: Engine
  readonly extentBytes: number
  /** Called whenever what observed() says may have changed. */
  changed(): void
  /** Called with a sentence when who keeps which group cannot be set; it is tried again. */
  failed(sentence: string): void
  readonly limits?: LoopLimits
}

interface Tracked {
  readonly entry: VolumeEntry
  readonly loop: Loop
}

/** Attaching waits for the engine's reactors, so a few at once keep them busy. */
const stepsAtOnce = 16

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { engine, extentBytes } = options
  const steps = [detachVolume(engine), deleteVolume(engine), attachVolume(engine, extentBytes)]
  const gate = createGate(stepsAtOnce)
  const tracked = new Map<number, Tracked>()
  let waiters: (() => void)[] = []
  let isClosed = false

  const volumeLoops = () => [...tracked.values()].map(({ loop }) => loop)
  const loops = () => [membership.loop, discovery.loop, ...volumeLoops()]
  const changed = () => {
    options.changed()
    if (waiters.length === 0 || !loops().every((loop) => loop.isIdle())) return
    for (const resolve of waiters) resolve()
    waiters = []
  }
  const limits = options.limits ? { limits: options.limits } : {}
  const loopOptions = { changed, gate, ...limits }
  const discovery = publishDiscovery(engine, loopOptions)
  let failureSaid: string | undefined
  const membershipChanged = () => {
    const reason = membership.loop.failure()
    if (reason !== undefined && reason !== failureSaid) options.failed(reason)
    failureSaid = reason
    if (!membership.isDue()) for (const loop of volumeLoops()) loop.poke()
    changed()
  }
  const membership = applyMembership(engine, { changed: membershipChanged, ...limits })

  const track = (volumeId: number): Tracked => {
    const known = tracked.get(volumeId)
    if (known) return known
    const entry = newEntry(volumeId)
    const next = () => {
      if (membership.isDue()) return undefined
      const step = steps.find((candidate) => candidate.isDue(entry))
      return step && { name: step.name, run: () => step.run(entry) }
    }
    const created = { entry, loop: createLoop({ next, ...loopOptions }) }
    tracked.set(volumeId, created)
    return created
  }

  const settled = async () => {
    if (loops().every((loop) => loop.isIdle())) return
    await new Promise<void>((resolve) => waiters.push(resolve))
  }

  return {
    wantMembership: (desired) => void (isClosed || membership.want(desired)),
    want(desired) {
      if (isClosed) return
      const { volumes, deletedVolumeIds, discovery: entries } = desired
      membership.want(desired)
      const wanted = new Map(volumes.map((volume) => [volume.volumeId, volume]))
      const deleted = new Set(deletedVolumeIds)
      // What is gone and was reported is forgotten with the desired state that follows.
      for (const [id, { entry, loop }] of tracked)
        if (!wanted.has(id) && !deleted.has(id) && !entry.served && loop.isIdle())
          tracked.delete(id)
      for (const id of [...wanted.keys(), ...deleted]) track(id)
      for (const [id, { entry, loop }] of tracked) {
        entry.wanted = wanted.get(id)
        entry.unwantedBlocks = deleted.has(id)
        loop.poke()
      }
      discovery.want(entries)
      changed()
    },
    observed: (connections) => [...tracked.values()].map((each) => describe(each, connections)),
    settled,
    close() {
      isClosed = true
      for (const loop of loops()) loop.stop()
      return settled()
    },
  }
}

function newEntry(volumeId: number): VolumeEntry {
  return {
    volumeId,
    wanted: undefined,
    unwantedBlocks: false,
    served: undefined,
    blocksForgotten: false,
  }
}

function describe(
  { entry, loop }: Tracked,
  connections: ReadonlyMap<string, number>,
): VolumeObserved {
  const { volumeId, served } = entry
  const reason = loop.failure()
  return {
    volumeId,
    state: stateOf(entry, reason),
    fence: served?.fence ?? 0,
    blockCount: served?.blockCount ?? 0,
    reason: reason ?? '',
    hostConnections: (served && connections.get(served.subsystemNqn)) ?? 0,
  }
}

function stateOf(entry: VolumeEntry, reason: string | undefined): VolumeObserved['state'] {
  if (reason !== undefined) return 'FAILED'
  if (entry.served) return 'ATTACHED'
  return entry.unwantedBlocks && entry.blocksForgotten ? 'DELETED' : 'DETACHED'
}
