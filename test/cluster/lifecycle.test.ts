/** A volume from its creation to its end, through real processes. */
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { told } from '../support/told.ts'
import { hostNqn } from './attached-volume.ts'

const test = suite('cluster lifecycle')
const sizeBytes = 256 * 2 ** 20
let cluster: Cluster

test.before(
  told(async () => {
    cluster = await startCluster()
  }),
)
test.after(() => cluster.close())

test('has three gateways in three racks, all alive and with room', async () => {
  const { body } = await cluster.api('GET', '/v1/nodes')
  equal(
    body.items.map((node: { name: string; rack: string; health: string }) => [
      node.name,
      node.rack,
      node.health,
    ]),
    [
      ['gateway-1', 'r1', 'alive'],
      ['gateway-2', 'r2', 'alive'],
      ['gateway-3', 'r3', 'alive'],
    ],
  )
  for (const node of body.items) is(node.capacityBytes > 2 ** 30, true)
})

test('creates a volume, attaches it, grows it, detaches and deletes it', async () => {
  const created = await cluster.api('POST', '/v1/volumes', { name: 'first', sizeBytes })
  is(created.status, 201)
  const volume = `/v1/volumes/${created.body.id}`
  await cluster.waitFor(volume, ({ body }) => body.state === 'available')
  const attached = await cluster.api('POST', '/v1/attachments', { volume: 'first', hostNqn })
  is(attached.status, 201)
  match(attached.body.connectCommand, /^nvme connect -t tcp -a 127\.0\.0\.1 -s [0-9]+ -n nqn\./)
  const attachment = `/v1/attachments/${attached.body.id}`
  await cluster.waitFor(attachment, ({ body }) => body.state === 'attached')
  await cluster.waitFor(volume, ({ body }) => body.state === 'in-use')

  const grown = await cluster.api('PATCH', volume, { sizeBytes: 2 * sizeBytes })
  is(grown.status, 200)
  await cluster.waitFor(volume, ({ body }) => body.reason === undefined)

  is((await cluster.api('DELETE', volume)).body.code, 'VOLUME_IN_USE')
  is((await cluster.api('DELETE', attachment)).status, 202)
  await cluster.waitFor(attachment, ({ status }) => status === 404)
  await cluster.waitFor(volume, ({ body }) => body.state === 'available')
  is((await cluster.api('DELETE', volume)).status, 202)
  await cluster.waitFor(volume, ({ status }) => status === 404)
})

test('spreads volumes over the nodes', async () => {
  const homes = new Set<string>()
  for (let number = 0; number < 6; number += 1) {
    const name = `spread-${number}`
    const { body } = await cluster.api('POST', '/v1/volumes', { name, sizeBytes })
    const placed = await cluster.waitFor(
      `/v1/volumes/${body.id}`,
      (answer) => answer.body.state === 'available',
    )
    homes.add(placed.body.node)
  }
  is(homes.size > 1, true)
})

test.run()
