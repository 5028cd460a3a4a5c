/** Tells the engine which nodes there are and who keeps which placement group, as control wants. */
import { isDeepStrictEqual } from 'node:util'
import type {
  Desired,
  GroupDesired,
  MemberRole,
  PeerDesired,
} from '../../control/contract/messages.ts'
import type { Engine, GroupConfig, PeerAddress } from '../../native-rdma/index.js'
import { createGate, createLoop, type Loop, type LoopOptions } from './loop.ts'

export type MembershipDesired = Pick<Desired, 'revision' | 'peers' | 'groups'>

export interface Membership {
  /** Of two that come in the wrong order, the one with the higher revision counts. */
  want(desired: MembershipDesired): void
  /** The engine is still to be told, and nothing speaks against it: volumes wait for that. */
  isDue(): boolean
  readonly loop: Loop
}

export function applyMembership(
  engine: Engine,
  options: Omit<LoopOptions, 'next' | 'gate'>,
): Membership {
  let revision = 0
  let peers: readonly PeerDesired[] = []
  let groups: readonly GroupDesired[] = []
  let toldPeers: readonly PeerDesired[] = []
  let toldGroups: readonly GroupDesired[] = []
  const setPeers = async () => {
    const wanted = peers
    await engine.setPeers(wanted.flatMap(toAddress))
    toldPeers = wanted
  }
  const setGroups = async () => {
    const wanted = groups
    await engine.setGroups(wanted.map(toConfig))
    toldGroups = wanted
  }
  const next = () => {
    if (!isDeepStrictEqual(peers, toldPeers)) return { name: 'setting peers', run: setPeers }
    if (isDeepStrictEqual(groups, toldGroups)) return undefined
    return { name: 'setting placement groups', run: setGroups }
  }
  // Not behind the volumes' gate: a group that changes hands waits for nobody.
  const loop = createLoop({ next, ...options, gate: createGate(1) })
  return {
    want(desired) {
      if (desired.revision < revision) return
      ;({ revision, peers, groups } = desired)
      loop.poke()
    },
    isDue: () => next() !== undefined && loop.failure() === undefined,
    loop,
  }
}

/** One that does not say where it is reached is none yet. */
function toAddress({ node, endpoint }: PeerDesired): PeerAddress[] {
  return endpoint === null ? [] : [{ nodeId: node, address: endpoint.address, port: endpoint.port }]
}

function toConfig({ number, epoch, primary, minInSync, members }: GroupDesired): GroupConfig {
  return {
    pg: number,
    epoch,
    primary,
    minInSync,
    members: members.map(({ node, role }) => ({ nodeId: node, role: toRole(role, number) })),
  }
}

function toRole(role: MemberRole, group: number): 'in-sync' | 'joining' {
  switch (role) {
    case 'IN_SYNC':
      return 'in-sync'
    case 'JOINING':
      return 'joining'
    case 'ROLE_UNSPECIFIED':
      throw new Error(`control gave a member of group ${group} no role`)
  }
}
