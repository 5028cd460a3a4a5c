/** The engine's view in the contract's words, and what hosts are told of the version. */
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { countConnections, observeDevices } from '../../gateway/observe.ts'
import { firmwareRevision, softwareVersion } from '../../gateway/version.ts'
import { createFakeEngine } from './fake-engine.ts'

const test = suite('observe')

test('gives each device as the contract has it', () => {
  const [device] = observeDevices(createFakeEngine())
  const { store, ...rest } = device ?? ({} as never)
  equal(
    [rest],
    [
      {
        path: '/dev/store-a',
        storeId: 'store-a',
        capacityBytes: 1000,
        usedBytes: 20,
        liveBytes: 0,
        durability: 'flush',
        failed: false,
        scrub: null,
      },
    ],
  )
  equal(store, {
    hostWrittenBytes: 4096,
    deviceWrittenBytes: 12_288,
    movedWrittenBytes: 0,
    indexWrittenBytes: 0,
    checkpoints: 1,
    logTailBytes: 8192,
    indexBytes: 64,
    indexHits: 3,
    indexMisses: 1,
    erasingBytes: 0,
    checksumErrors: 2,
  })
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
