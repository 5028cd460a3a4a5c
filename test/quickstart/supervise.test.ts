/** Children that die are started again. */
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import type { Child } from '../../control/quickstart/child.ts'
import { supervise } from '../../control/quickstart/supervise.ts'
import { until } from '../support/until.ts'

const test = suite('supervise')

interface FakeChild extends Child {
  end(how: string): void
}

function fakeChild(): FakeChild {
  let running = true
  let finish = (_: string) => {}
  const ended = new Promise<string>((resolve) => {
    finish = resolve
  })
  const child: FakeChild = {
    name: 'gateway-1',
    logPath: '/nowhere',
    pid: 1,
    ended,
    isRunning: () => running,
    kill: () => {},
    async stop() {
      child.end('signal SIGTERM')
    },
    end(how) {
      running = false
      finish(how)
    },
  }
  return child
}

function setUp() {
  const children = [fakeChild()]
  const said: string[] = []
  const supervised = supervise(children[0] as FakeChild, {
    start() {
      const child = fakeChild()
      children.push(child)
      return child
    },
    say: (line) => void said.push(line),
    firstWaitMs: 5,
  })
  return { children, said, supervised }
}

test('starts a child again that died, and says how it died', async () => {
  const { children, said } = setUp()
  children[0]?.end('exit code 1')
  await until(() => children.length === 2, 'a second one')
  match(said[0] ?? '', 'gateway-1 ended (exit code 1); it is started again in 0.005 s.')
  is(said.at(-1), 'gateway-1 is started again')
})

test('waits longer each time it dies at once', async () => {
  const { children, said } = setUp()
  for (let count = 1; count <= 3; count += 1) {
    children.at(-1)?.end('exit code 1')
    await until(() => children.length === count + 1, 'another one')
  }
  const waits = said.flatMap((line) => /again in ([0-9.]+) s/.exec(line)?.[1] ?? [])
  equal(waits, ['0.005', '0.01', '0.02'])
})

test('starts nothing again once it stops', async () => {
  const { children, said, supervised } = setUp()
  await supervised.stop()
  await new Promise((resolve) => setTimeout(resolve, 20))
  is(children.length, 1)
  equal(said, [])
})

test('starts nothing again that died just before the stop', async () => {
  const { children, supervised } = setUp()
  children[0]?.end('exit code 1')
  await children[0]?.ended
  await supervised.stop()
  await new Promise((resolve) => setTimeout(resolve, 20))
  is(children.length, 1)
})

test.run()
