/**
 * Volumes with three copies while processes die, stand still and come back, one after the other,
 * under a load that verifies every byte: nothing that was acknowledged is lost, I/O goes on, and
 * all copies are in sync again. How long that takes is printed; only wide bounds are held.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import { equal, is, ok } from 'uvu/assert'
import { buildPrograms } from '../../perf/programs.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { told } from '../support/told.ts'
import { type AttachedVolume, attachVolume } from './attached-volume.ts'
import { held, runLoad, underLoad } from './verified-load.ts'
import { backupOf, groupOf, leadFromElsewhere, untilGroups, untilWhole } from './volume-groups.ts'

const test = suite('cluster replication')
const MiB = 2 ** 20
const spanBytes = 64 * MiB
/** Longer than any of the faults that a gateway returns from. */
const repairDelayMs = 15_000
/** Of a lease, and some more. */
const leaseMs = 500
let cluster: Cluster
let volume: AttachedVolume

test.before(
  told(async () => {
    await buildPrograms('build/test')
    const etcd = { controls: 2 }
    cluster = await startCluster({ ...etcd, gateways: 4, copies: 3, volumeWidth: 1, repairDelayMs })
    volume = await attachVolume(cluster, 'data')
    await untilWhole(cluster, volume)
  }),
)
test.after(() => cluster.close())

const group = () => groupOf(cluster, volume)
const aBackup = () => backupOf(cluster, volume)
const mebibytes = (bytes: number) => `${(bytes / MiB).toFixed(1)} MiB`
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** Dies while the load runs, and is there again before the load ends. */
async function killAndReturn(gateway: number, what: string): Promise<void> {
  const before = group()
  let wholeMs = 0
  const outcome = await underLoad(volume, { seconds: 12, spanBytes }, async () => {
    await cluster.killGateway(gateway)
    await untilGroups(cluster, volume, ({ inSync }) => !inSync.includes(gateway))
    await delay(1000)
    await cluster.startGateway(gateway)
    wholeMs = await untilWhole(cluster, volume)
  })
  held(what, outcome, `, whole ${seconds(wholeMs)} after it was back`)
  ok(group().epoch > before.epoch)
}

test('a volume lies on three nodes, and its load comes to all of them', async () => {
  const { inSync, joining, primary } = group()
  is(inSync.length, 3)
  equal(joining, [])
  is(primary, volume.gateway)
  const outcome = await runLoad(volume, { seconds: 2, spanBytes })
  held('without a fault', outcome)
  for (const member of inSync)
    ok((await cluster.metric(member, 'ashlar_store_host_written_bytes')) >= outcome.writes * 4096)
})

test('I/O goes on when a backup is killed', () => killAndReturn(aBackup(), 'backup killed'))

test('another leads when the primary is killed, also where the host is', async () => {
  const { primary } = group()
  is(primary, volume.gateway)
  const outcome = await underLoad(volume, { seconds: 12, spanBytes }, async () => {
    await cluster.killGateway(primary)
    await untilGroups(cluster, volume, (one) => one.primary !== primary)
    await cluster.startGateway(primary)
    await untilWhole(cluster, volume)
  })
  ok(outcome.reconnects > 0)
  ok(outcome.checkedBlocks > 0)
  console.log(`  serving primary killed: the host waited ${outcome.stallMs} ms for its gateway`)
})

test('a gateway serves what another leads, and I/O goes on when that one is killed', async () => {
  const { primary } = group()
  ok(primary !== volume.gateway)
  await killAndReturn(primary, 'primary killed')
  ok(group().primary !== primary)
})

test('a primary that stood still for longer than its lease does not serve', async () => {
  await leadFromElsewhere(cluster, volume)
  const { primary } = group()
  const outcome = await underLoad(volume, { seconds: 12, spanBytes }, async () => {
    cluster.signalGateway(primary, 'SIGSTOP')
    await untilGroups(cluster, volume, (one) => one.primary !== primary)
    await delay(4 * leaseMs)
    cluster.signalGateway(primary, 'SIGCONT')
    await untilWhole(cluster, volume)
  })
  held('primary stopped', outcome)
  ok(group().primary !== primary)
  is(await cluster.metric(primary, 'ashlar_groups_serving'), 0)
})

test('hosts do not notice that controls are killed, and that they come back', async () => {
  const before = group()
  const outcome = await underLoad(volume, { seconds: 8, spanBytes }, async () => {
    for (const control of [0, 1]) await cluster.killControl('SIGKILL', control)
    await delay(2000)
    for (const control of [0, 1]) await cluster.startControl(control)
  })
  held('controls killed', outcome)
  equal(group(), before)
})

test('hosts do not notice that etcd is killed, and that it comes back', async () => {
  const before = group()
  const outcome = await underLoad(volume, { seconds: 8, spanBytes }, async () => {
    await cluster.etcd?.kill()
    await delay(2000)
    await cluster.etcd?.start()
    await cluster.waitFor('/v1/nodes?health=alive', ({ status }) => status === 200)
  })
  held('etcd killed', outcome)
  equal(group(), before)
})

test('a node that returns is brought what changed, and little more', async () => {
  const backup = aBackup()
  const changed = 16 * MiB
  await cluster.killGateway(backup)
  await untilGroups(cluster, volume, ({ inSync }) => !inSync.includes(backup))
  await runLoad(volume, { seconds: 30, spanBytes: changed, once: true })
  await cluster.startGateway(backup)
  const tookMs = await untilWhole(cluster, volume)
  const moved = await cluster.metric(backup, 'ashlar_store_host_written_bytes')
  const what = `${mebibytes(moved)} moved for ${mebibytes(changed)} changed`
  console.log(`  node returned: ${what}, whole ${seconds(tookMs)} after it was back`)
  ok(moved >= changed && moved <= 1.5 * changed, what)
})

test('a node that does not return is replaced, and its successor gets everything', async () => {
  const backup = aBackup()
  const { inSync } = group()
  const successor = [0, 1, 2, 3].find((gateway) => !inSync.includes(gateway)) ?? 0
  const writtenBefore = await cluster.metric(successor, 'ashlar_store_host_written_bytes')
  const livesBefore = await cluster.metric(backup, 'ashlar_store_live_bytes_now')
  await cluster.killGateway(backup)
  await untilGroups(cluster, volume, (one) => !one.inSync.includes(backup))
  const lostMs = await untilWhole(cluster, volume)
  const moved = (await cluster.metric(successor, 'ashlar_store_host_written_bytes')) - writtenBefore
  const what = `${mebibytes(moved)} moved for ${mebibytes(livesBefore)} on the lost node`
  const delayed = `${seconds(lostMs - repairDelayMs)} after the delay of ${seconds(repairDelayMs)}`
  console.log(`  node replaced: ${what}, whole ${delayed}`)
  equal(
    group().inSync.toSorted(),
    [...inSync.filter((gateway) => gateway !== backup), successor].toSorted(),
  )
  ok(moved >= spanBytes, what)
  await runLoad(volume, { seconds: 2, spanBytes, readPercent: 100 })
  await cluster.startGateway(backup)
})

test.run()
