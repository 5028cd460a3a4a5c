/**
 * What control sees of the gateways now: who has a session, when it was last heard, what it serves.
 *
 * In memory only: a gateway says it all again when its session opens.
 */
import type { GroupObserved, GroupReport, Observed, VolumeObserved } from '../contract/messages.ts'
import type { Device } from '../model/node.ts'
import { createReports, type Reports } from './reports.ts'

export const nodeHealths = ['alive', 'silent', 'gone'] as const
export type Health = (typeof nodeHealths)[number]

export interface FleetLimits {
  readonly silentAfterMs: number
  readonly goneAfterMs: number
}

export interface NodeView {
  readonly connected: boolean
  readonly incarnation: string
  readonly devices: readonly Device[]
  readonly hostConnections: number
  /** What the present session last said it serves; missing until it said so. */
  readonly observed?: {
    readonly revision: number
    readonly volumes: ObservedVolumes
    readonly groups: ReadonlyMap<number, GroupObserved>
  }
}

type ObservedVolumes = ReadonlyMap<number, VolumeObserved>

export interface Fleet {
  connected(node: string, incarnation: string, devices: readonly Device[]): void
  heartbeat(node: string, devices: readonly Device[], hostConnections: number): void
  observed(node: string, observed: Observed): void
  /** What a member says of a group. */
  report(node: string, report: GroupReport): void
  readonly reports: Pick<Reports, 'of'>
  /** Called at each report with the group's number. */
  onReport(listener: (group: number) => void): void
  disconnected(node: string): void
  view(node: string): NodeView | undefined
  health(node: string): Health
  /** Since the node was last heard. */
  silentMs(node: string): number
  /** The same in whole seconds. */
  silentSeconds(node: string): number
  /** The clock that it goes by. */
  nowMs(): number
  /** Nodes with a session. */
  sessions(): number
  /** Knows of nobody, and counts everybody as heard just now: this process begins to lead. */
  reset(): void
  onChange(listener: () => void): void
}

interface Entry extends NodeView {
  readonly lastHeardMs: number
}

/** `now` is a monotonic clock in milliseconds. */
export function createFleet(limits: FleetLimits, now = () => performance.now()): Fleet {
  const entries = new Map<string, Entry>()
  const reports = createReports(now)
  const listeners: (() => void)[] = []
  const reportListeners: ((group: number) => void)[] = []
  // A node that has not come since control began to lead counts as heard at that moment.
  let startedMs = now()

  const update = (node: string, change: Partial<Entry>) => {
    const old = entries.get(node)
    if (old) entries.set(node, { ...old, ...change })
  }
  const notify = () => {
    for (const listener of listeners) listener()
  }
  const silentMs = (node: string) => now() - (entries.get(node)?.lastHeardMs ?? startedMs)

  return {
    connected(node, incarnation, devices) {
      const lastHeardMs = now()
      entries.set(node, { connected: true, incarnation, devices, hostConnections: 0, lastHeardMs })
      notify()
    },
    heartbeat(node, devices, hostConnections) {
      const wasAlive = silentMs(node) < limits.silentAfterMs
      update(node, {
        hostConnections,
        lastHeardMs: now(),
        ...(devices.length > 0 ? { devices } : {}),
      })
      if (!wasAlive) notify()
    },
    observed(node, { revision, volumes, groups }) {
      const byId = new Map(volumes.map((volume) => [volume.volumeId, volume]))
      const byNumber = new Map(groups.map((group) => [group.number, group]))
      update(node, {
        observed: { revision, volumes: byId, groups: byNumber },
        lastHeardMs: now(),
      })
      notify()
    },
    report(node, report) {
      reports.take(node, report)
      for (const listener of reportListeners) listener(report.group)
    },
    reports,
    onReport: (listener) => reportListeners.push(listener),
    disconnected(node) {
      const old = entries.get(node)
      if (!old) return
      const { observed: _, ...rest } = old
      entries.set(node, { ...rest, connected: false, hostConnections: 0 })
      reports.forget(node)
      notify()
    },
    view: (node) => entries.get(node),
    health(node) {
      const silent = silentMs(node)
      if (silent >= limits.goneAfterMs) return 'gone'
      return entries.get(node)?.connected && silent < limits.silentAfterMs ? 'alive' : 'silent'
    },
    silentMs,
    silentSeconds: (node) => Math.floor(silentMs(node) / 1000),
    nowMs: now,
    sessions: () => [...entries.values()].filter(({ connected }) => connected).length,
    reset() {
      entries.clear()
      reports.clear()
      startedMs = now()
      notify()
    },
    onChange: (listener) => listeners.push(listener),
  }
}
