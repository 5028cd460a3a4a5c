/** The parts that the embedded store is made of. */
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkTransaction } from '../../../control/metadata/check-transaction.ts'
import { createLeaseTimers } from '../../../control/metadata/lease-timers.ts'
import { FolderInUseError, lockFolder } from '../../../control/metadata/lock-folder.ts'
import { createWatches, type HistoryPage } from '../../../control/metadata/watches.ts'
import { eventually, temporaryFolder } from '../support/rig.ts'

const value = Buffer.from('v')

test('both branches of a transaction are checked, each for itself', () => {
  const twice = [
    { kind: 'put', key: 'a', value },
    { kind: 'delete', key: 'a' },
  ] as const
  const [first, second] = twice
  assert.throws(() => checkTransaction({ compare: [], success: [], failure: twice }), /twice/)
  checkTransaction({ compare: [], success: [first], failure: [second] })
  checkTransaction({ compare: [], success: [first, { kind: 'get', key: 'a' }] })
})

test('leases that are due expire, each once, and those kept or cleared do not', async () => {
  const expired: number[] = []
  const timers = createLeaseTimers(async (lease) => void expired.push(lease))
  timers.set(1, 20)
  timers.set(2, 40)
  timers.set(3, 20)
  timers.set(4, 60_000)
  timers.clear(3)
  await eventually(
    () => expired.length,
    (count) => count === 2,
  )
  assert.equal(expired, [1, 2])
  timers.set(5, 10)
  timers.close()
  await delay(30)
  assert.equal(expired, [1, 2])
})

test('a lease whose expiry fails is due again', async () => {
  let attempts = 0
  const timers = createLeaseTimers(async () => {
    if (++attempts === 1) throw new Error('no')
  })
  timers.set(1, 1)
  await eventually(
    () => attempts,
    (count) => count === 2,
  )
  timers.close()
})

test('a folder is locked for one, whatever its name, until it is released', async () => {
  const folder = temporaryFolder()
  const lock = await lockFolder(folder)
  const error = await lockFolder(`${folder}/.`).catch((reason: unknown) => reason)
  assert.instance(error, FolderInUseError)
  await (await lockFolder(temporaryFolder())).release()
  await lock.release()
  await (await lockFolder(folder)).release()
})

test('a watch reads page by page, and sleeps when it has seen all', async () => {
  const revisions = Array.from({ length: 150 }, (_, i) => i + 1)
  let reads = 0
  const read = (from: number, limit: number): HistoryPage => {
    reads++
    const page = revisions.filter((revision) => revision >= from).slice(0, limit)
    const batches = page.map((revision) => ({ revision, changes: [{ key: `k${revision}` }] }))
    return { revision: revisions.at(-1) ?? 0, batches }
  }
  const watches = createWatches(read)
  const seen: number[] = []
  const ended = (async () => {
    for await (const { revision } of watches.open('k', 1)) seen.push(revision)
  })()
  await eventually(
    () => seen.length,
    (count) => count === 150,
  )
  assert.is(reads, 3)
  revisions.push(151)
  watches.wake()
  await eventually(
    () => seen.length,
    (count) => count === 151,
  )
  assert.is(reads, 4)
  watches.close()
  await ended
})

test.run()
