/** Scrubs on schedule and on request, against an engine that remembers what it was told. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import { equal, is, ok } from 'uvu/assert'
import type { ScrubDesired } from '../../../control/contract/messages.ts'
import { partOf, readScrubRecords } from '../../../gateway/scrub/scrub-record.ts'
import { openScrubs, type Scrubs } from '../../../gateway/scrub/scrubs.ts'
import { createFakeEngine, engineError, type FakeEngine } from '../fake-engine.ts'
import { makeFolder, quiet } from '../samples.ts'

const test = suite('scrubs')

interface Setting {
  readonly engine?: FakeEngine
  readonly folder?: string
  readonly intervalMs?: number
}

function setUp({
  engine = createFakeEngine(),
  folder = makeFolder(),
  intervalMs = 0,
}: Setting = {}) {
  const clock = { nowMs: 1_000_000 }
  let changes = 0
  const scrubs = openScrubs({
    engine,
    folder,
    intervalMs,
    bytesPerSecond: 500,
    log: quiet,
    changed: () => {
      changes += 1
    },
    now: () => clock.nowMs,
    lookEveryMs: 2,
  })
  return { engine, folder, clock, scrubs, changes: () => changes }
}

const request = (number: number, change: Partial<ScrubDesired> = {}): ScrubDesired => ({
  request: number,
  bytesPerSecond: 900,
  stop: false,
  ...change,
})

/** The engine's side of a pass that ends. */
function end(engine: FakeEngine, storeId = 'store-a', blocksDamaged = 0n, finished = true) {
  const scrub = engine.scrubs.get(storeId)
  if (!scrub) throw new Error('no pass was begun')
  const passes = scrub.passes + (finished ? 1n : 0n)
  engine.scrubs.set(storeId, { ...scrub, running: false, passes, blocksRead: 10n, blocksDamaged })
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 1000; tries += 1) await sleep(2)
  ok(holds(), holds.toString())
}

const stateOf = (engine: FakeEngine, scrubs: Scrubs, index = 0) => {
  const device = engine.devices()[index]
  if (!device) throw new Error('there is no such device')
  return scrubs.of(device)
}

test('a request is carried out once on each device, and its figures are told', async () => {
  const engine = createFakeEngine()
  engine.storeIds = ['store-a', 'store-b']
  const { scrubs, changes } = setUp({ engine })
  is(stateOf(engine, scrubs).state, 'STATE_UNSPECIFIED')
  scrubs.want(request(4))
  await until(() => engine.calls.length === 2)
  equal(engine.calls, ['start /dev/store-a 900', 'start /dev/store-b 900'])
  is(stateOf(engine, scrubs).state, 'RUNNING')
  is(stateOf(engine, scrubs).request, 4)
  is(stateOf(engine, scrubs).blocksTotal, 10)
  end(engine, 'store-a', 2n)
  end(engine, 'store-b')
  await until(() => stateOf(engine, scrubs, 1).state === 'FINISHED')
  is(stateOf(engine, scrubs).blocksDamaged, 2)
  is(stateOf(engine, scrubs).requestDone, 4)
  is(stateOf(engine, scrubs).finishedAtMs, 1_000_000)
  scrubs.want(request(4))
  await sleep(20)
  is(engine.calls.length, 2)
  is(changes(), 4)
  await scrubs.close()
})

test('a request that was done is not done again by the next start', async () => {
  const { engine, scrubs, folder } = setUp()
  scrubs.want(request(4))
  await until(() => engine.calls.length === 1)
  end(engine)
  await until(() => readScrubRecords(folder)[0]?.requestDone === 4)
  await scrubs.close()
  const again = setUp({ folder })
  again.scrubs.want(request(4))
  await sleep(20)
  equal(again.engine.calls, [])
  is(stateOf(again.engine, again.scrubs).state, 'FINISHED')
  again.scrubs.want(request(5))
  await until(() => again.engine.calls.length === 1)
  await again.scrubs.close()
})

test('a request that a restart cut off is begun again', async () => {
  const { engine, scrubs, folder } = setUp()
  scrubs.want(request(4))
  await until(() => engine.calls.length === 1)
  await scrubs.close()
  const again = setUp({ folder })
  again.scrubs.want(request(4))
  await until(() => again.engine.calls.length === 1)
  await again.scrubs.close()
})

test('a newer request stops the pass that runs and begins its own', async () => {
  const { engine, scrubs } = setUp()
  scrubs.want(request(4))
  await until(() => engine.calls.length === 1)
  scrubs.want(request(5, { bytesPerSecond: 0 }))
  await until(() => engine.calls.includes('stop /dev/store-a'))
  end(engine, 'store-a', 0n, false)
  await until(() => engine.calls.includes('start /dev/store-a 0'))
  is(stateOf(engine, scrubs).request, 5)
  await scrubs.close()
})

test('a stop ends what runs, once, and begins nothing', async () => {
  const { engine, scrubs, folder } = setUp()
  scrubs.want(request(4))
  await until(() => engine.calls.length === 1)
  scrubs.want(request(5, { stop: true }))
  await until(() => engine.calls.includes('stop /dev/store-a'))
  end(engine, 'store-a', 0n, false)
  await until(() => readScrubRecords(folder)[0]?.requestDone === 5)
  is(stateOf(engine, scrubs).state, 'STOPPED')
  is(stateOf(engine, scrubs).finishedAtMs, 0)
  is(engine.calls.filter((call) => call.startsWith('start')).length, 1)
  await scrubs.close()
})

test('a pass that ends by itself before its end has failed', async () => {
  const { engine, scrubs } = setUp()
  scrubs.want(request(4))
  await until(() => engine.calls.length === 1)
  end(engine, 'store-a', 0n, false)
  await until(() => stateOf(engine, scrubs).state === 'FAILED')
  is(stateOf(engine, scrubs).finishedAtMs, 0)
  await scrubs.close()
})

test('what the engine refuses is tried again', async () => {
  const { engine, scrubs } = setUp()
  engine.fail('start /dev/store-a 900', engineError('BUSY', 'one runs'))
  scrubs.want(request(4))
  await until(() => engine.calls.length === 2)
  is(stateOf(engine, scrubs).state, 'RUNNING')
  await scrubs.close()
})

test('a pass is begun on schedule, at the configured rate, once it is due', async () => {
  const intervalMs = 100_000
  const { engine, scrubs, clock } = setUp({ intervalMs })
  const dueMs = clock.nowMs + intervalMs * partOf('store-a')
  clock.nowMs = dueMs - 1
  await sleep(20)
  equal(engine.calls, [])
  clock.nowMs = dueMs + 1
  await until(() => engine.calls.length === 1)
  equal(engine.calls, ['start /dev/store-a 500'])
  is(stateOf(engine, scrubs).request, 0)
  end(engine)
  await until(() => stateOf(engine, scrubs).state === 'FINISHED')
  clock.nowMs += intervalMs * 0.79
  await sleep(20)
  is(engine.calls.length, 1)
  clock.nowMs += intervalMs * 0.21
  await until(() => engine.calls.length === 2)
  await scrubs.close()
})

test('without an interval nothing is begun by itself', async () => {
  const { engine, scrubs, clock } = setUp()
  clock.nowMs *= 1000
  await sleep(20)
  equal(engine.calls, [])
  await scrubs.close()
})

test('a file that is damaged costs only the memory of earlier passes', async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'scrubs.json'), 'no json')
  const { engine, scrubs } = setUp({ folder })
  scrubs.want(request(1))
  await until(() => engine.calls.length === 1)
  await scrubs.close()
})

test.run()
