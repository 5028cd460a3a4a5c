/** A volume, an attachment and a node as tests of reconcile have them. */
import type { GroupObserved, VolumeObserved } from '../../../control/contract/messages.ts'
import type { Attachment, AttachmentState } from '../../../control/model/attachment.ts'
import type { Device } from '../../../control/model/node.ts'
import { type PlacementGroup, placementGroupName } from '../../../control/model/placement-group.ts'
import type { Stored } from '../../../control/model/record.ts'
import type { Volume, VolumeState } from '../../../control/model/volume.ts'
import type { Step } from '../../../control/reconcile/step.ts'
import { createFleet, type Fleet } from '../../../control/session/fleet.ts'

export const limits = { silentAfterMs: 5000, goneAfterMs: 60_000 }

export const device: Device = {
  path: 'disk-0',
  storeId: 'store-0',
  capacityBytes: 2 ** 40,
  usedBytes: 0,
  liveBytes: 0,
  durability: 'flush',
  failed: false,
}

export function volumeIn(state: VolumeState, change: Partial<Volume> = {}): Volume {
  return {
    id: 'vol-0000000000000007',
    number: 7,
    name: 'v',
    sizeBytes: 2 ** 30,
    labels: {},
    uuid: '00000000-0000-4000-8000-000000000007',
    copies: 1,
    placementGroups: [1],
    home: 'n1',
    fence: 3,
    state,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...change,
  }
}

/** Group 1, as a volume in these tests has it; its first member is the primary. */
export function groupOf(
  members: readonly string[],
  joining: readonly string[] = [],
): PlacementGroup {
  const since = '2026-01-01T00:00:00.000Z'
  return {
    number: 1,
    epoch: 1,
    copies: members.length === 1 ? 1 : 3,
    minInSync: 1,
    primary: members[0] ?? '',
    members: [
      ...members.map((node) => ({ node, role: 'in-sync' as const, since })),
      ...joining.map((node) => ({ node, role: 'joining' as const, since })),
    ],
  }
}

/** A mirror of these groups. */
export const mirrorOf = (...groups: readonly PlacementGroup[]) => ({
  placementGroups: new Map<string, Stored<PlacementGroup>>(
    groups.map((value) => {
      const name = placementGroupName(value.number)
      return [name, { key: `placement-group/${name}`, value, modRevision: 1 }]
    }),
  ),
})

export function attachmentIn(state: AttachmentState): Attachment {
  return {
    id: 'att-0000000000000001',
    volumeId: 'vol-0000000000000007',
    hostNqn: 'nqn.2026-01.org.example:host',
    node: 'n1',
    fence: 3,
    discoverable: false,
    state,
    createdAt: '2026-01-01T00:00:00.000Z',
  }
}

export const seen = (
  state: VolumeObserved['state'],
  change: Partial<VolumeObserved> = {},
): VolumeObserved => ({
  volumeId: 7,
  state,
  fence: 3,
  blockCount: 2 ** 18,
  reason: state === 'FAILED' ? 'The disk is full.' : '',
  hostConnections: 0,
  ...change,
})

export interface Clocked {
  readonly fleet: Fleet
  passMs(ms: number): void
}

export function clockedFleet(): Clocked {
  let nowMs = 1000
  const fleet = createFleet(limits, () => nowMs)
  return {
    fleet,
    passMs(ms) {
      nowMs += ms
    },
  }
}

/** What the primary says of the group of `groupOf`. */
export const groupSeen = (change: Partial<GroupObserved> = {}): GroupObserved => ({
  number: 1,
  epoch: 1,
  state: 'primary',
  serving: true,
  blocksToCopy: 0,
  waiting: 0,
  ...change,
})

/** Node n1 has a session, and said what it has. */
export function fleetSeeing(volumes: readonly VolumeObserved[], revision = 10): Clocked {
  const clocked = clockedFleet()
  clocked.fleet.connected('n1', 'one', [device])
  clocked.fleet.observed('n1', { revision, volumes, groups: [groupSeen()] })
  return clocked
}

export const reasonOf = (step: Step<unknown>): string =>
  step.kind === 'wait' ? (step.reason ?? '') : ''
