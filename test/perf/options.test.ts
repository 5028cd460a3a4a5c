import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { measurementNames, parseOptions } from '../../perf/options.ts'

function messageOf(words: readonly string[]): string {
  try {
    parseOptions(words)
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}

test('everything is measured when nothing is named', () => {
  const options = parseOptions([])
  assert.ok(options !== 'help')
  assert.equal(options.names, measurementNames)
  assert.is(options.seconds, 2)
  assert.is(options.rounds, 3)
})

test('names, seconds and folders are taken, a name once', () => {
  const options = parseOptions(['store', 'target', 'store', '--seconds', '7', '--disk', 'x'])
  assert.ok(options !== 'help')
  assert.equal(options.names, ['store', 'target'])
  assert.is(options.seconds, 7)
  assert.is(options.disk, 'x')
})

test('a mistake is one sentence', () => {
  assert.match(
    messageOf(['disk']),
    /^There is no measurement "disk": say target, store, .*cluster\.$/,
  )
  const seconds = (text: string) => `--seconds is a whole number from 1 to 60, not "${text}".`
  for (const text of ['0', '61', 'x', '1.5']) {
    assert.is(messageOf(['--seconds', text]), seconds(text))
  }
  assert.match(messageOf(['--fast']), /--fast/)
})

test('help is asked for', () => {
  assert.is(parseOptions(['--help']), 'help')
})

test.run()
