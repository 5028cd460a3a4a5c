/** What etcd's absence, and answers that are lost, do to the store on it. */
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { connectEtcd } from '../../../control/metadata/etcd/connection.ts'
import { createKeySpace } from '../../../control/metadata/etcd/keys.ts'
import { sweepSlots } from '../../../control/metadata/etcd/sweep.ts'
import {
  CompactedError,
  type MetadataStore,
  UnavailableError,
} from '../../../control/metadata/metadata.ts'
import { openMirror } from '../../../control/model/mirror.ts'
import { putRecord } from '../../../control/model/record.ts'
import { volumeIdOf, volumeKind } from '../../../control/model/volume.ts'
import { startEtcd } from '../../support/etcd.ts'
import { startProxy } from '../../support/proxy.ts'
import { volumeIn } from '../reconcile/samples.ts'
import { eventually, silentLog } from '../support/rig.ts'
import { locationIn, open, optionsOf, timeoutMs } from './open-etcd.ts'
import { failure, namesOf, put, take, text, write } from './suite/support.ts'

const etcd = await startEtcd()
const { endpoint } = etcd
const proxy = await startProxy(Number(new URL(endpoint).port))
const proxied = `http://127.0.0.1:${proxy.port}`
const location = () => locationIn({ endpoint, prefix: 'ashlar/' })

/** The same store twice: by way of the proxy, and straight. */
async function openTwice() {
  const straight = location()
  const through = JSON.stringify({ ...JSON.parse(straight), endpoint: proxied })
  return { store: await open(through), other: await open(straight) }
}

// A store does not keep the process alive by itself.
const awake = setInterval(() => {}, 1000)
test.after(async () => {
  clearInterval(awake)
  proxy.close()
  await etcd.close()
})

test('etcd is killed and comes back: nothing acknowledged is lost, a watch goes on', async () => {
  const store = await open(location())
  const { revision } = await store.get('a')
  const seen: string[] = []
  const watch = store.watch('k', revision + 1)
  const watching = (async () => {
    for await (const batch of watch) seen.push(...namesOf(batch))
  })()
  const acknowledged: string[] = []
  let isWriting = true
  const writing = (async () => {
    for (let i = 0; isWriting; i++) {
      const done = await write(store, put(`k${i}`)).catch(() => undefined)
      if (done) acknowledged.push(`k${i}`)
    }
  })()
  for (let round = 0; round < 2; round++) {
    await delay(200)
    await etcd.kill()
    await delay(300)
    await etcd.start()
  }
  await delay(500)
  isWriting = false
  await writing
  const held = (await store.range({ prefix: 'k' })).items.map(({ key }) => key)
  assert.ok(acknowledged.length > 10)
  assert.equal(
    acknowledged.filter((key) => !held.includes(key)),
    [],
  )
  await eventually(
    () => seen.length,
    (count) => count === held.length,
  )
  assert.equal([...seen].sort(), held)
  watch.close()
  await watching
  await store.close()
})

test('etcd stands still: every call fails in bounded time, and works again after', async () => {
  const store = await open(location())
  const lease = await store.grantLease(60_000)
  const { revision } = await store.get('a')
  const taken = take(store, 'a', revision + 1, 1)
  etcd.signal('SIGSTOP')
  const began = performance.now()
  const calls = [
    store.get('a'),
    store.range({ prefix: '' }),
    store.snapshot(['a', 'b']),
    write(store, put('b')),
    store.grantLease(1000),
    store.keepLease(lease),
    store.revokeLease(lease),
    store.compact(revision),
  ]
  for (const error of await Promise.all(calls.map(failure)))
    assert.instance(error, UnavailableError)
  const tookMs = performance.now() - began
  assert.ok(tookMs < 2.5 * timeoutMs, `they took ${tookMs} ms`)
  etcd.signal('SIGCONT')
  await eventually(
    () => write(store, put('a')).catch(() => undefined),
    (done) => done?.succeeded === true,
  )
  assert.equal((await taken).map(namesOf), [['a']])
  await store.close()
})

test('an answer that is lost is read back: the write is known to have happened, once', async () => {
  const { store, other } = await openTwice()
  await write(store, put('n', '0'))
  for (let round = 1; round <= 3; round++) {
    const { entry } = await other.get('n')
    proxy.muteServer()
    const swap = store.transact({
      compare: [{ key: 'n', modRevision: entry?.modRevision ?? 0 }],
      success: [put('n', `${round}`)],
    })
    await eventually(
      () => other.get('n'),
      (found) => text(found.entry?.value) === `${round}`,
    )
    proxy.heal()
    const { succeeded, revision } = await swap
    const after = await other.get('n')
    assert.equal([succeeded, revision], [true, after.entry?.modRevision])
    assert.is(after.entry?.version, round + 1)
  }
  await store.close()
  await other.close()
})

test('a write that never arrived is made once, when etcd is there again in time', async () => {
  const { store, other } = await openTwice()
  proxy.cut()
  const writing = write(store, put('n'))
  await delay(300)
  assert.is((await other.get('n')).entry, undefined)
  proxy.heal()
  assert.is((await writing).succeeded, true)
  assert.is((await other.get('n')).entry?.version, 1)
  await store.close()
  await other.close()
})

test('while answers are lost, what is answered was made, and nothing twice', async () => {
  const { store, other } = await openTwice()
  const add = async () => {
    const { entry } = await store.get('sum')
    const compare = [{ key: 'sum', modRevision: entry?.modRevision ?? 0 }]
    const next = Number(text(entry?.value) ?? 0) + 1
    return (await store.transact({ compare, success: [put('sum', `${next}`)] })).succeeded
  }
  const counts = { made: 0, unknown: 0 }
  const untilMs = performance.now() + 5000
  const disturb = setInterval(() => {
    proxy.muteServer()
    setTimeout(proxy.heal, 60)
  }, 250)
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (performance.now() < untilMs) {
        const made = await add().catch(() => undefined)
        if (made === undefined) counts.unknown++
        else if (made) counts.made++
      }
    }),
  )
  clearInterval(disturb)
  await delay(100)
  const { entry } = await other.get('sum')
  const sum = Number(text(entry?.value))
  assert.ok(counts.made > 20, `${counts.made} were made`)
  assert.ok(
    sum >= counts.made && sum <= counts.made + counts.unknown,
    JSON.stringify({ sum, counts }),
  )
  assert.is(entry?.version, sum)
  await store.close()
  await other.close()
})

test('history compacted under a watcher ends the watch, and a mirror reads anew', async () => {
  const { store, other } = await openTwice()
  const putVolume = (number: number) => {
    const volume = volumeIn({ kind: 'available' }, { id: volumeIdOf(number), number, name: 'v' })
    return write(other, putRecord(volumeKind, volume.id, volume))
  }
  await putVolume(1)
  const mirror = await openMirror(store, silentLog)
  const { revision } = await store.get('a')
  const watching = failure(take(store, '', revision + 1, 1000))
  await delay(200)
  proxy.cut()
  await write(other, { kind: 'delete', key: volumeKind.prefix + volumeIdOf(1) })
  for (let number = 2; number < 5; number++) await putVolume(number)
  await compactAll(other)
  proxy.heal()
  assert.instance(await watching, CompactedError)
  await eventually(
    () => [...mirror.volumes.keys()],
    (ids) => ids.length === 3 && !ids.includes(volumeIdOf(1)),
  )
  await mirror.close()
  await store.close()
  await other.close()
})

async function compactAll(store: MetadataStore): Promise<void> {
  await store.compact((await store.get('a')).revision + 1)
}

test('two prefixes of one etcd know nothing of each other', async () => {
  const [store, neighbour] = [await open(location()), await open(location())]
  await write(store, put('a', '1'))
  await write(neighbour, put('a', '2'))
  assert.is(text((await store.get('a')).entry?.value), '1')
  assert.is((await neighbour.range({ prefix: '' })).items.length, 1)
  await store.close()
  await neighbour.close()
})

test('what a killed process leaves behind is forgotten after a day', async () => {
  const where = location()
  const options = optionsOf(JSON.parse(where))
  const store = await open(where)
  await write(store, put('a'))
  const connection = connectEtcd(options)
  const slots = createKeySpace(`${options.prefix}operation/`)
  const count = async () =>
    (await connection.range({ key: slots.inside(''), range_end: slots.end('') })).kvs.length
  await sweepSlots(connection, slots, Date.now())
  assert.is(await count(), 1)
  await sweepSlots(connection, slots, Date.now() + 25 * 60 * 60 * 1000)
  assert.is(await count(), 0)
  // The process was alive after all: it says that nothing was written, and goes on.
  const error = await failure(write(store, put('a', '2')))
  assert.match((error as Error).message, /nothing was written/)
  assert.is((await write(store, put('a', '3'))).succeeded, true)
  assert.is(await count(), 1)
  await store.close()
  assert.is(await count(), 0)
  connection.close()
})

test('who reaches nobody is told so', async () => {
  const nobody = JSON.stringify({ endpoint: 'http://127.0.0.1:1', prefix: 'x/' })
  const error = await failure(open(nobody))
  assert.instance(error, UnavailableError)
  assert.match((error as Error).message, 'ECONNREFUSED')
})

test.run()
