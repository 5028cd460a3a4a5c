/** Changes of groups and peers, noticed. */
import { pino } from 'pino'
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { watchGroups } from '../../gateway/watch-groups.ts'
import { until } from '../support/until.ts'
import { createFakeEngine } from './fake-engine.ts'

const test = suite('watch groups')

test('says that groups have changed, and on the log which peers come and go', async () => {
  const engine = createFakeEngine()
  const lines: string[] = []
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line).msg) })
  let changes = 0
  engine.peerStates = [{ nodeId: 7, state: 'connecting', reason: 'it is another cell' }]
  const watch = watchGroups(engine, () => void changes++, log)
  await until(() => lines.length === 1, 'the first line')
  is(changes, 0)
  engine.peerStates = [{ nodeId: 7, state: 'connected', reason: '' }]
  engine.groupStates = [
    { pg: 1, epoch: 1, state: 'idle', serving: false, blocksToCopy: 0n, waiting: 0 },
  ]
  await until(() => changes === 1 && lines.length === 2, 'the changes')
  await new Promise((resolve) => setTimeout(resolve, 600))
  is(changes, 1)
  equal(lines, ['node 7 is not connected: it is another cell', 'node 7 is connected'])
  watch.close()
})

test.run()
