import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fioWords, parseFio } from '../../perf/fio.ts'

const fioCase = {
  path: 'file',
  verb: 'write',
  sequential: false,
  ioBytes: 4096,
  depth: 32,
  spanBytes: 1_048_576,
  durable: true,
  seconds: 2,
} as const

test('a durable write is one that fio also waits for', () => {
  assert.ok(fioWords(fioCase).includes('--sync=dsync'))
  assert.not(fioWords({ ...fioCase, durable: false }).includes('--sync=dsync'))
  assert.not(fioWords({ ...fioCase, verb: 'read' }).includes('--sync=dsync'))
})

test('verb and order become one word', () => {
  assert.ok(fioWords(fioCase).includes('--rw=randwrite'))
  assert.ok(fioWords({ ...fioCase, verb: 'read', sequential: true }).includes('--rw=read'))
})

test("fio's report is read, past the note that may come first", () => {
  const direction = {
    iops: 1000.5,
    iops_max: 1200,
    lat_ns: { mean: 2500, max: 9000 },
    clat_ns: { percentile: { '50.000000': 2000, '99.000000': 4000, '99.900000': 8000 } },
  }
  const json = JSON.stringify({ jobs: [{ read: direction }] })
  assert.equal(parseFio(`fio: a note\n${json}`, 'read'), {
    iops: 1000.5,
    bestIops: 1200,
    latencyUs: { mean: 2.5, p50: 2, p99: 4, p999: 8, max: 9 },
  })
})

test('a report without a job is an error', () => {
  assert.throws(() => parseFio('{"jobs":[]}', 'read'), /no job/)
})

test.run()
