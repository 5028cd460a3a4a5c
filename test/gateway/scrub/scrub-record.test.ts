/** When a store is due, and what is remembered of it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { equal, is, ok, throws } from 'uvu/assert'
import {
  dueAtMs,
  newRecord,
  type Pass,
  partOf,
  readScrubRecords,
  saveScrubRecords,
} from '../../../gateway/scrub/scrub-record.ts'
import { makeFolder } from '../samples.ts'

const test = suite('scrub records')
const ids = Array.from({ length: 200 }, (_, index) => `store-${index}`)
const pass: Pass = {
  state: 'FINISHED',
  request: 0,
  bytesPerSecond: 1,
  startedAtMs: 1000,
  endedAtMs: 2000,
  blocksRead: 1,
  blocksTotal: 1,
  blocksDamaged: 0,
}

test('the first passes of stores that came together are spread over the whole interval', () => {
  const due = ids.map((id) => dueAtMs(newRecord(id, 5000), 1000) - 5000).sort((a, b) => a - b)
  ok((due[0] as number) < 50)
  ok((due.at(-1) as number) > 950)
  ok((due.at(-1) as number) <= 1000)
})

test('a pass begins when the last fifth of the interval has begun, and before it is over', () => {
  for (const id of ids) {
    const due = dueAtMs({ ...newRecord(id, 0), finishedAtMs: 2000, pass }, 1000)
    ok(due >= 2800 && due <= 3000, String(due))
  }
})

test('a pass that was stopped is not begun again at once', () => {
  const stopped: Pass = { ...pass, state: 'STOPPED', endedAtMs: 9000 }
  is(dueAtMs({ ...newRecord('a', 0), finishedAtMs: 2000, pass: stopped }, 1000), 9100)
})

test('a store has its own place in the interval, and keeps it', () => {
  is(partOf('a'), partOf('a'))
  ok(partOf('a') !== partOf('b'))
})

test('what was saved is read again; damage is not taken for truth', async () => {
  const folder = makeFolder()
  equal(readScrubRecords(folder), [])
  const records = [{ ...newRecord('a', 7), requestDone: 3, finishedAtMs: 2000, pass }]
  await saveScrubRecords(folder, records)
  equal(readScrubRecords(folder), records)
  writeFileSync(join(folder, 'scrubs.json'), '{"value":{"version":1,"stores":[]}}')
  throws(() => readScrubRecords(folder), /is damaged/)
})

test.run()
