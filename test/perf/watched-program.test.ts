import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { watchProgram } from '../../perf/watched-program.ts'

test('what a program says is seen line by line, and what it prints is kept', async () => {
  const lines: string[] = []
  const watched = await watchProgram('sh', ['-c', 'echo one >&2; echo two >&2; echo done'], {
    onLine: (line) => void lines.push(line),
  })
  assert.equal(lines, ['one', 'two'])
  assert.is(watched.output, 'done\n')
  assert.is(watched.signal, null)
})

test('a program is killed at a line', async () => {
  const watched = await watchProgram('sh', ['-c', 'echo now >&2; exec sleep 30'], {
    onLine: (_line, kill) => kill(),
  })
  assert.is(watched.signal, 'SIGKILL')
  assert.ok(watched.seconds < 20)
})

test('a program that fails is told with its last line', async () => {
  const error = await watchProgram('sh', ['-c', 'echo no room >&2; exit 3'], {
    onLine: () => {},
  }).then(
    () => undefined,
    (reason: Error) => reason,
  )
  assert.is(error?.message, 'sh failed (3): no room')
})

test.run()
