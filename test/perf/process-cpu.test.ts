/** Processor time, read from the kernel. */
import { execFileSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { endedChildrenSeconds, processSeconds, ticksOf } from '../../perf/process-cpu.ts'

const busy = 'const end = performance.now() + 150; while (performance.now() < end);'

test('counts what this process uses', () => {
  const before = processSeconds(process.pid)
  const end = performance.now() + 100
  while (performance.now() < end);
  const used = processSeconds(process.pid) - before
  assert.ok(used > 0.01 && used < 1, String(used))
})

test('counts what a child has used once it has ended', () => {
  const before = endedChildrenSeconds()
  execFileSync(process.execPath, ['-e', busy])
  const used = endedChildrenSeconds() - before
  assert.ok(used >= 0.05 && used < 5, String(used))
})

test('finds the fields behind a name that looks like some', () => {
  const numbers = Array.from({ length: 50 }, (_, index) => index + 4)
  const { own, endedChildren } = ticksOf(`1 (a) S (b) 2) S ${numbers.join(' ')}`)
  assert.equal([own, endedChildren], [14 + 15, 16 + 17])
})

test.run()
