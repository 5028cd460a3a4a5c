/** Groups and what is known of them, as tests of decisions have them. */
import type { GroupObserved } from '../../../control/contract/messages.ts'
import type { GroupView, MemberReport, MemberView } from '../../../control/groups/group-view.ts'
import type { GroupMember, PlacementGroup } from '../../../control/model/placement-group.ts'

export const since = '2026-01-01T00:00:00.000Z'
export const settings = { awayAfterMs: 5000, settleMs: 300 }

/** `a b +c` are members a and b in sync, and c joining; the first is the primary. */
export function groupOf(members: string, change: Partial<PlacementGroup> = {}): PlacementGroup {
  const list = members.split(' ').map((text): GroupMember => {
    const joins = text.startsWith('+')
    return { node: joins ? text.slice(1) : text, role: joins ? 'joining' : 'in-sync', since }
  })
  const primary = list[0]?.node as string
  return { number: 1, epoch: 4, copies: 3, minInSync: 2, primary, members: list, ...change }
}

export const membersOf = (group: PlacementGroup | undefined): string | undefined =>
  group?.members
    .map(({ node, role }) => (role === 'joining' ? `+${node}` : node))
    .sort()
    .join(' ')

export const suspects = (by: string, about: string, change: Partial<MemberReport> = {}) =>
  says('SUSPECT', by, about, { reason: 'silent', ...change })

export const says = (
  kind: MemberReport['kind'],
  by: string,
  about?: string,
  change: Partial<MemberReport> = {},
): MemberReport => ({ kind, by, about, reason: '', firstHeardMs: 0, ...change })

const well: MemberView = { alive: true, silentMs: 0, draining: false, observed: undefined }
export const dead: Partial<MemberView> = { alive: false, silentMs: 100 }

export function viewOf(
  reports: readonly MemberReport[] = [],
  members: Readonly<Record<string, Partial<MemberView>>> = {},
  nowMs = 10_000,
): GroupView {
  return {
    member: (node) => ({ ...well, ...members[node] }),
    reports,
    served: () => 1,
    nowMs,
    now: '2026-02-01T00:00:00.000Z',
  }
}

export const observed = (change: Partial<GroupObserved> = {}): GroupObserved => ({
  number: 1,
  epoch: 4,
  state: 'primary',
  serving: true,
  blocksToCopy: 0,
  waiting: 0,
  ...change,
})
