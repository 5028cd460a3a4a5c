/** Several controls on etcd, as processes: any may go, all may go, and hosts notice nothing. */
import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import { equal, is, match, ok } from 'uvu/assert'
import { type Cluster, startCluster } from '../support/cluster.ts'
import type { NvmeHost } from '../support/nvme-host.ts'
import { told } from '../support/told.ts'
import { type AttachedVolume, attachVolume, pattern } from './attached-volume.ts'

const test = suite('cluster of several controls')
let cluster: Cluster
let volume: AttachedVolume

test.before(
  told(async () => {
    cluster = await startCluster({ controls: 2 })
    volume = await attachVolume(cluster, 'data')
  }),
)
test.after(() => cluster.close())

/** The one that said last that it leads. */
function leader(): number {
  const leadsSince = [0, 1].map((control) => {
    const lines = cluster.controlLogs(control).split('\n')
    const last = lines.findLast((line) => line.includes('this control process leads'))
    return last === undefined ? 0 : (JSON.parse(last) as { time: number }).time
  })
  return leadsSince.indexOf(Math.max(...leadsSince))
}

/** Writes and reads back all the time; answers the longest that one of them took. */
function disturbable(host: NvmeHost) {
  let stop = false
  let longestMs = 0
  const ended = (async () => {
    for (let seed = 0; !stop; seed = (seed + 1) % 500) {
      const startedMs = performance.now()
      await host.write(seed * 16, pattern(seed, 4))
      ok((await host.read(seed * 16, 4)).equals(pattern(seed, 4)))
      longestMs = Math.max(longestMs, performance.now() - startedMs)
    }
  })()
  return async () => {
    stop = true
    await ended
    return Math.round(longestMs)
  }
}

/** What the cell is to do, with the marks that any change leaves, once no gateway is awaited. */
async function wanted() {
  const attachments = await cluster.waitFor(
    '/v1/attachments',
    ({ status, body }) =>
      status === 200 && body.items.every(({ reason }: { reason?: string }) => reason === undefined),
  )
  const volumes = await cluster.api('GET', '/v1/volumes')
  return { volumes: volumes.body, attachments: attachments.body }
}

const isBack = ({ status, body }: { status: number; body: { items: unknown[] } }) =>
  status === 200 && body.items.length === 3
const allAlive = () => cluster.waitFor('/v1/nodes?health=alive', isBack)

test('another control leads within seconds of the leader’s kill -9', async () => {
  const before = await wanted()
  const host = await volume.connect()
  const settle = disturbable(host)
  const first = leader()
  const startedMs = performance.now()
  await cluster.killControl('SIGKILL', first)
  await allAlive()
  const tookMs = Math.round(performance.now() - startedMs)
  await cluster.waitFor(
    `/v1/attachments/${volume.attachmentId}`,
    ({ body }) => body.state === 'attached',
  )
  is(leader(), 1 - first)
  const longestMs = await settle()
  console.log(`  all gateways with the new leader after ${tookMs} ms; longest I/O ${longestMs} ms`)
  ok(tookMs < 10_000, `${tookMs} ms`)
  ok(longestMs < 1000, `${longestMs} ms`)
  equal(await wanted(), before)
  host.close()
  await cluster.startControl(first)
})

test('a leader that stands still is followed, and writes nothing when it goes on', async () => {
  const first = leader()
  cluster.signalControl('SIGSTOP', first)
  while (leader() !== 1 - first) await delay(50)
  await allAlive()
  const made = await attachVolume(cluster, 'meanwhile')
  const before = await wanted()
  cluster.signalControl('SIGCONT', first)
  const deposed = /does not lead any more/g
  const count = () => cluster.controlLogs(first).match(deposed)?.length ?? 0
  while (count() === 0) await delay(20)
  await delay(1500)
  equal(await wanted(), before)
  is(leader(), 1 - first)
  const host = await made.connect()
  await host.write(0, pattern(3))
  host.close()
})

test('etcd is killed and comes back: hosts notice nothing, and nothing has changed', async () => {
  const before = await wanted()
  const host = await volume.connect()
  const settle = disturbable(host)
  await cluster.etcd?.kill()
  await cluster.waitFor('/v1/nodes', ({ status }) => status === 503)
  await delay(1000)
  await cluster.etcd?.start()
  await allAlive()
  const longestMs = await settle()
  ok(longestMs < 1000, `${longestMs} ms`)
  equal(await wanted(), before)
  host.close()
})

test('etcd and all controls are killed: hosts notice nothing, nothing has changed', async () => {
  const before = await wanted()
  const host = await volume.connect()
  const settle = disturbable(host)
  for (const control of [0, 1]) await cluster.killControl('SIGKILL', control)
  await cluster.etcd?.kill()
  await delay(2000)
  await cluster.etcd?.start()
  await cluster.startControl(0)
  await cluster.startControl(1)
  await allAlive()
  await cluster.waitFor(
    `/v1/attachments/${volume.attachmentId}`,
    ({ body }) => body.state === 'attached',
  )
  const longestMs = await settle()
  ok(longestMs < 1000, `${longestMs} ms`)
  equal(await wanted(), before)
  host.close()
  for (const gateway of cluster.gateways.keys())
    is(cluster.logs(gateway).includes('"level":50'), false)
  match(cluster.controlLogs(leader()), 'this control process leads')
})

test.run()
