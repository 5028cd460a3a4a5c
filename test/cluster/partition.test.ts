/**
 * Gateways that are cut off one from another while they run, in network namespaces of their own:
 * both ways, and one way only. Needs root.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import { is, ok } from 'uvu/assert'
import { buildPrograms } from '../../perf/programs.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import type { Network } from '../support/network.ts'
import { told } from '../support/told.ts'
import { type AttachedVolume, attachVolume } from './attached-volume.ts'
import { held, underLoad } from './verified-load.ts'
import { backupOf, groupOf, leadFromElsewhere, untilGroups, untilWhole } from './volume-groups.ts'

const test = suite('cluster partition')
const spanBytes = 32 * 2 ** 20
/** Several leases. */
const cutMs = 3000
const cutTest = process.getuid?.() === 0 ? test : test.skip
let cluster: Cluster
let volume: AttachedVolume

test.before(
  told(async () => {
    await buildPrograms('build/test')
    cluster = await startCluster({ gateways: 3, copies: 3, volumeWidth: 1, namespaces: true })
    volume = await attachVolume(cluster, 'data')
    await untilWhole(cluster, volume)
  }),
)
test.after(() => cluster.close())

const group = () => groupOf(cluster, volume)

function network(): Network {
  if (!cluster.network) throw new Error('this machine gives no network namespaces')
  return cluster.network
}

/** Cuts for a while, under load; `lost` is the member that the others go on without. */
async function cut(
  what: string,
  lost: number | undefined,
  { begin, end }: { begin(): void; end(): void },
): Promise<void> {
  const before = group()
  const outcome = await underLoad(volume, { seconds: 12, spanBytes }, async () => {
    begin()
    try {
      await delay(cutMs)
      if (lost !== undefined)
        await untilGroups(cluster, volume, ({ inSync }) => !inSync.includes(lost))
    } finally {
      end()
    }
    await untilWhole(cluster, volume)
  })
  held(what, outcome)
  ok(group().epoch > before.epoch)
}

cutTest('a backup is cut off, and comes back', async () => {
  const backup = backupOf(cluster, volume)
  await cut('backup cut off', backup, {
    begin: () => network().cutOff(backup),
    end: () => network().heal(backup),
  })
})

cutTest('a primary is cut off, another leads, and it comes back as a backup', async () => {
  await leadFromElsewhere(cluster, volume)
  const { primary } = group()
  await cut('primary cut off', primary, {
    begin: () => network().cutOff(primary),
    end: () => network().heal(primary),
  })
  is(group().inSync.includes(primary), true)
  ok(group().primary !== primary)
})

cutTest('what the primary sends to a backup is lost, and what comes back is not', async () => {
  const { primary } = group()
  const backup = backupOf(cluster, volume)
  await cut('cut from primary to backup', undefined, {
    begin: () => network().cutOneWay(primary, backup),
    end: () => network().healOneWay(primary, backup),
  })
})

cutTest('what a backup sends to the primary is lost, and what comes to it is not', async () => {
  const { primary } = group()
  const backup = backupOf(cluster, volume)
  await cut('cut from backup to primary', undefined, {
    begin: () => network().cutOneWay(backup, primary),
    end: () => network().healOneWay(backup, primary),
  })
})

test.run()
