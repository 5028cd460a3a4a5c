/**
 * What members have to say of their groups. They say it again each second while it is true, so what
 * was not said again for a while counts no more.
 */
import type { GroupReport } from '../contract/messages.ts'

export interface HeardReport extends GroupReport {
  /** The name of the node that said it. */
  readonly by: string
  readonly firstHeardMs: number
  readonly lastHeardMs: number
}

export interface Reports {
  take(by: string, report: GroupReport): void
  /** Of one group, under any epoch. */
  of(group: number): readonly HeardReport[]
  /** What this node said: its session has ended, and it says all again in the next. */
  forget(by: string): void
  clear(): void
}

/** Said each second: three are missing before it counts no more. */
const validMs = 3500
/** More than a member can have to say of one group, from every member. */
const perGroupMax = 64

export function createReports(now: () => number): Reports {
  const byGroup = new Map<number, HeardReport[]>()

  const current = (group: number): HeardReport[] => {
    const heard = byGroup.get(group) ?? []
    const valid = heard.filter(({ lastHeardMs }) => now() - lastHeardMs < validMs)
    if (valid.length > 0) byGroup.set(group, valid)
    else byGroup.delete(group)
    return valid
  }
  return {
    take(by, report) {
      const heard = current(report.group)
      const isSame = (other: HeardReport) =>
        other.by === by && other.kind === report.kind && other.node === report.node
      const before = heard.find((other) => isSame(other) && other.epoch === report.epoch)
      const firstHeardMs = before?.firstHeardMs ?? now()
      // A member speaks under one epoch: what it said of the same under another is over.
      const others = heard.filter((other) => !isSame(other)).slice(1 - perGroupMax)
      others.push({ ...report, by, firstHeardMs, lastHeardMs: now() })
      byGroup.set(report.group, others)
    },
    of: current,
    forget(by) {
      for (const [group, heard] of byGroup)
        byGroup.set(
          group,
          heard.filter((report) => report.by !== by),
        )
    },
    clear: () => byGroup.clear(),
  }
}
