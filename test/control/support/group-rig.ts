/** A rig with four gateways in four racks, and one placement group of three of them. */
import {
  type PlacementGroup,
  placementGroupKind,
  placementGroupName,
} from '../../../control/model/placement-group.ts'
import { putRecord, readRecord } from '../../../control/model/record.ts'
import { groupOf } from '../groups/samples.ts'
import type { FakeGateway } from './fake-gateway.ts'
import { createRig, eventually, type Rig } from './rig.ts'

/** Of the group; no pool comes so far. */
export const number = 9000

export interface GroupRig extends Rig {
  readonly gateways: FakeGateway[]
  gatewayOf(name: string): FakeGateway
  group(): Promise<PlacementGroup | undefined>
  /** Waits until the gateway has been told of the group at this epoch or a later one. */
  told(name: string, epoch: number): Promise<void>
  /** The gateway dies, and control has noticed. */
  kill(name: string): Promise<void>
  /** It starts again with its disk. */
  restart(name: string): Promise<void>
}

/** Members as `groupOf` reads them. */
export async function createGroupRig(
  members: string,
  change: Partial<PlacementGroup> = {},
): Promise<GroupRig> {
  const rig = await createRig()
  const gateways: FakeGateway[] = []
  for (const name of ['n1', 'n2', 'n3', 'n4'])
    gateways.push(await rig.gateway({ name, rack: `r-${name}` }))
  await eventually(
    () => [...rig.mirror.nodes.values()].filter(({ value }) => value.devices.length > 0).length,
    (count) => count === 4,
  )
  const value = groupOf(members, { number, epoch: 1, ...change })
  const success = [putRecord(placementGroupKind, placementGroupName(number), value)]
  await rig.store.transact({ compare: [], success })
  const gatewayOf = (name: string) =>
    gateways.findLast(({ options }) => options.name === name) as FakeGateway
  return {
    ...rig,
    gateways,
    gatewayOf,
    async group() {
      const name = placementGroupName(number)
      return (await readRecord(rig.store, placementGroupKind, name))?.value
    },
    async told(name, epoch) {
      const knownBy = () =>
        gatewayOf(name)
          .desired.at(-1)
          ?.groups.find((g) => g.number === number)
      await eventually(knownBy, (known) => (known?.epoch ?? 0) >= epoch)
    },
    async kill(name) {
      gatewayOf(name).close()
      await eventually(
        () => rig.control.fleet.health(name),
        (health) => health !== 'alive',
      )
    },
    async restart(name) {
      const hello = { storeIds: [`store-of-${name}`] }
      gateways.push(await rig.gateway({ name, rack: `r-${name}`, hello }))
    },
  }
}
