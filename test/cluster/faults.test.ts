/** What hosts see while processes of a cell die and come back. */
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { told } from '../support/told.ts'
import { type AttachedVolume, attachVolume, pattern } from './attached-volume.ts'

const test = suite('cluster faults')
let cluster: Cluster
let volume: AttachedVolume

test.before(
  told(async () => {
    cluster = await startCluster()
    volume = await attachVolume(cluster, 'data')
  }),
)
test.after(() => cluster.close())

async function readBack(seeds: readonly number[]): Promise<void> {
  const host = await volume.connect()
  for (const seed of seeds) equal((await host.read(seed * 16, 4)).equals(pattern(seed, 4)), true)
  host.close()
}

test('a host writes and reads through its gateway', async () => {
  const host = await volume.connect()
  is(await host.blockCount(), 65_536)
  for (const seed of [0, 1, 2]) await host.write(seed * 16, pattern(seed, 4))
  await host.flush()
  host.close()
  await readBack([0, 1, 2])
})

test('what was acknowledged is there after kill -9 amid writes', async () => {
  const host = await volume.connect()
  const acknowledged: number[] = []
  const writing = (async () => {
    for (let seed = 3; seed < 4000; seed += 1) {
      await host.write(seed * 16, pattern(seed, 4))
      acknowledged.push(seed)
    }
  })().catch((error: Error) => error)
  while (acknowledged.length < 50) await new Promise((resolve) => setTimeout(resolve, 1))
  await cluster.killGateway(volume.gateway)
  match(String(await writing), /closed the connection|ECONNRESET|EPIPE/)
  await cluster.startGateway(volume.gateway)
  await readBack(acknowledged)
  await cluster.waitFor(
    `/v1/attachments/${volume.attachmentId}`,
    ({ body }) => body.state === 'attached',
  )
})

test('a gateway serves on while control is away, and control finds everything again', async () => {
  const host = await volume.connect()
  await cluster.killControl()
  await host.write(0, pattern(100, 4))
  is((await host.read(0, 4)).equals(pattern(100, 4)), true)
  await cluster.startControl()
  await cluster.waitFor(`/v1/volumes/${volume.id}`, ({ body }) => body.state === 'in-use')
  await cluster.waitFor(
    `/v1/attachments/${volume.attachmentId}`,
    ({ body }) => body.state === 'attached',
  )
  is((await host.read(0, 4)).equals(pattern(100, 4)), true)
  host.close()
})

test('a gateway that starts while control is away serves what it served before', async () => {
  await cluster.killControl()
  await cluster.killGateway(volume.gateway)
  await cluster.startGatewayAlone(volume.gateway)
  const host = await volume.connect()
  is((await host.read(0, 4)).equals(pattern(100, 4)), true)
  await host.write(0, pattern(101, 4))
  host.close()
  await cluster.startControl()
  await cluster.waitFor(
    `/v1/attachments/${volume.attachmentId}`,
    ({ body }) => body.state === 'attached',
  )
})

test('a host sees a volume grow without connecting again', async () => {
  const host = await volume.connect()
  const sizeBytes = 512 * 2 ** 20
  const grown = await cluster.api('PATCH', `/v1/volumes/${volume.id}`, { sizeBytes })
  is(grown.status, 200, JSON.stringify(grown.body))
  while ((await host.blockCount()) !== sizeBytes / 4096)
    await new Promise((resolve) => setTimeout(resolve, 20))
  await host.write(sizeBytes / 4096 - 4, pattern(7, 4))
  host.close()
})

test('a detached volume is closed to its host, and another host was never let in', async () => {
  const other = await attachVolume(cluster, 'other')
  const host = await other.connect()
  await host.write(0, pattern(1))
  await cluster.api('DELETE', `/v1/attachments/${other.attachmentId}`)
  await cluster.waitFor(`/v1/attachments/${other.attachmentId}`, ({ status }) => status === 404)
  const error = await host.read(0, 1).catch((reason: Error) => reason)
  match(String(error), /closed the connection|ECONNRESET|EPIPE/)
  const refused = await other.connect().catch((reason: Error) => reason)
  match(String(refused), /NVMe status/)
})

test('a volume deleted and made anew has none of the old one’s bytes', async () => {
  const first = await attachVolume(cluster, 'again')
  const host = await first.connect()
  await host.write(0, pattern(1))
  host.close()
  await cluster.api('DELETE', `/v1/attachments/${first.attachmentId}`)
  await cluster.waitFor(`/v1/attachments/${first.attachmentId}`, ({ status }) => status === 404)
  await cluster.api('DELETE', `/v1/volumes/${first.id}`)
  await cluster.waitFor(`/v1/volumes/${first.id}`, ({ status }) => status === 404)
  const second = await attachVolume(cluster, 'again')
  const again = await second.connect()
  is((await again.read(0, 1)).equals(Buffer.alloc(4096)), true)
  again.close()
})

test.run()
