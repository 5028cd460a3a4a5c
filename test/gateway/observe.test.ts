/** The engine's view in the contract's words, and what hosts are told of the version. */
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { countConnections, observeDevices } from '../../gateway/observe.ts'
import { firmwareRevision, softwareVersion } from '../../gateway/version.ts'
import { createFakeEngine } from './fake-engine.ts'

const test = suite('observe')

test('gives each device as the contract has it', () => {
  equal(observeDevices(createFakeEngine()), [
    {
      path: '/dev/store-a',
      storeId: 'store-a',
      capacityBytes: 1000,
      usedBytes: 20,
      liveBytes: 0,
      durability: 'flush',
      failed: false,
    },
  ])
})

test('counts the controllers of each subsystem', () => {
  const engine = createFakeEngine()
  const host = { hostNqn: 'h', ioQueues: 4 }
  engine.hosts = [
    { ...host, subsystemNqn: 'a', controllerId: 1 },
    { ...host, subsystemNqn: 'b', controllerId: 2 },
    { ...host, subsystemNqn: 'a', controllerId: 3 },
  ]
  equal(
    [...countConnections(engine)],
    [
      ['a', 2],
      ['b', 1],
    ],
  )
})

test('hosts are shown as much of the version as NVMe has room for', () => {
  is(/^[0-9]+\.[0-9]+\.[0-9]+/.test(softwareVersion), true)
  is(softwareVersion.startsWith(firmwareRevision), true)
  is(firmwareRevision.length <= 8, true)
})

test.run()
