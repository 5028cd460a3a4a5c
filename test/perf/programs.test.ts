import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { measurementOf, runOrFail, toWords } from '../../perf/programs.ts'

test('arguments become the words of a command line', () => {
  assert.equal(toWords({ ioBytes: 4096, format: true, busyPoll: false, path: 'a b' }), [
    '--io-bytes',
    '4096',
    '--format',
    '--path',
    'a b',
  ])
})

test("a load's report gives one measurement", () => {
  const latencyUs = { mean: 1, p50: 1, p99: 2, p999: 3, max: 4 }
  assert.equal(measurementOf({ bestIops: 9, all: { iops: 5, latencyUs } }), {
    iops: 5,
    bestIops: 9,
    latencyUs,
  })
})

test('a program that fails is told with what it said', async () => {
  const run = () => runOrFail('sh', ['-c', 'echo no room >&2; exit 3'], 10)
  const error = await run().then(
    () => undefined,
    (reason: Error) => reason,
  )
  assert.match(error?.message ?? '', /sh .* failed \(3\):\nno room/)
})

test('a program that hangs is ended', async () => {
  const error = await runOrFail('sleep', ['30'], 0.05).then(
    () => undefined,
    (reason: Error) => reason,
  )
  assert.match(error?.message ?? '', /did not end in 0.05 s/)
})

test.run()
