/** Wanted against served: attach, detach, delete, discovery. */
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import type { Desired } from '../../../control/contract/messages.ts'
import { createReconciler } from '../../../gateway/reconcile/reconciler.ts'
import { until } from '../../support/until.ts'
import { createFakeEngine, engineError } from '../fake-engine.ts'
import { extentBytes, sampleDesired, sampleGroup, samplePeer, sampleVolume } from '../samples.ts'

const test = suite('reconciler')

function setUp() {
  const engine = createFakeEngine()
  const limits = { slowAfterMs: 1000, retry: { firstMs: 5, maxMs: 10 } }
  const failures: string[] = []
  const reconciler = createReconciler({
    engine,
    extentBytes,
    changed() {},
    failed: (sentence) => void failures.push(sentence),
    limits,
  })
  const states = () =>
    reconciler.observed(new Map()).map(({ volumeId, state }) => `${volumeId} ${state}`)
  return { engine, reconciler, states, failures }
}

const withVolumes = (revision: number, ...numbers: number[]): Desired =>
  sampleDesired(revision, { volumes: numbers.map((number) => sampleVolume(number)) })

test('attaches what is wanted, with every field as the engine takes it', async () => {
  const { engine, reconciler, states } = setUp()
  reconciler.want(withVolumes(1, 5))
  equal(states(), ['5 DETACHED'])
  await reconciler.settled()
  equal(states(), ['5 ATTACHED'])
  const { volumeId: _, ...rest } = sampleVolume(5)
  equal(engine.volumes.get(5n), { ...rest, volumeId: 5n, blockCount: 1024n, fence: 1n })
})

test('does nothing when the same is wanted again', async () => {
  const { engine, reconciler } = setUp()
  reconciler.want(withVolumes(1, 5, 6))
  await reconciler.settled()
  reconciler.want(withVolumes(2, 5, 6))
  await reconciler.settled()
  equal(engine.calls.toSorted(), ['attach 5', 'attach 6'])
})

test('attaches again when the size, the fence or the hosts change', async () => {
  const { engine, reconciler } = setUp()
  const wants = [{ blockCount: 2048 }, { fence: 2 }, { allowedHosts: [] }]
  reconciler.want(withVolumes(1, 5))
  for (const [index, change] of wants.entries()) {
    await reconciler.settled()
    reconciler.want(sampleDesired(index + 2, { volumes: [sampleVolume(5, change)] }))
  }
  await reconciler.settled()
  is(engine.calls.length, 4)
  const [observed] = reconciler.observed(new Map())
  equal([observed?.blockCount, observed?.fence], [1024, 1])
})

test('detaches what is not wanted any more, and forgets it later', async () => {
  const { engine, reconciler, states } = setUp()
  reconciler.want(withVolumes(1, 5))
  await reconciler.settled()
  reconciler.want(withVolumes(2))
  equal(states(), ['5 ATTACHED'])
  await reconciler.settled()
  equal(states(), ['5 DETACHED'])
  is(engine.volumes.size, 0)
  reconciler.want(withVolumes(3))
  equal(states(), [])
})

test('deletes after it has detached, and only once', async () => {
  const { engine, reconciler, states } = setUp()
  reconciler.want(withVolumes(1, 5))
  await reconciler.settled()
  const deleted = { deletedVolumeIds: [5] }
  reconciler.want(sampleDesired(2, deleted))
  await reconciler.settled()
  reconciler.want(sampleDesired(3, deleted))
  await reconciler.settled()
  equal(engine.calls, ['attach 5', 'detach 5', 'delete 5'])
  equal(states(), ['5 DELETED'])
})

test('never deletes the blocks of a volume that is to be served', async () => {
  const { engine, reconciler, states } = setUp()
  reconciler.want(sampleDesired(1, { volumes: [sampleVolume(5)], deletedVolumeIds: [5] }))
  await reconciler.settled()
  equal(engine.calls, ['attach 5'])
  equal(states(), ['5 ATTACHED'])
})

test('says why a volume failed, goes on with the others, and tries again', async () => {
  const { engine, reconciler, states } = setUp()
  engine.fail('attach 5', engineError('NO_SPACE', 'no room for another subsystem'))
  reconciler.want(withVolumes(1, 5, 6))
  await until(() => states().includes('5 FAILED'), 'the failure')
  const [observed] = reconciler.observed(new Map())
  is(observed?.reason, 'attaching failed: no room for another subsystem')
  await until(() => states().join() === '5 ATTACHED,6 ATTACHED', 'both attached')
})

test('keeps saying how a volume is served when a change of it fails', async () => {
  const { engine, reconciler } = setUp()
  reconciler.want(withVolumes(1, 5))
  await reconciler.settled()
  engine.fail('attach 5', engineError('STALE_FENCE', 'a newer one exists'))
  reconciler.want(sampleDesired(2, { volumes: [sampleVolume(5, { blockCount: 2048 })] }))
  await reconciler.settled()
  const [observed] = reconciler.observed(new Map())
  equal([observed?.state, observed?.blockCount], ['FAILED', 1024])
})

test('takes what is wanted last when that changes while a step runs', async () => {
  const { engine, reconciler, states } = setUp()
  const finish = engine.hold('attach 5')
  reconciler.want(withVolumes(1, 5))
  await until(() => engine.calls.length === 1, 'attaching began')
  reconciler.want(withVolumes(2))
  reconciler.want(sampleDesired(3, { volumes: [sampleVolume(5, { fence: 3 })] }))
  reconciler.want(withVolumes(4))
  finish()
  await reconciler.settled()
  equal(engine.calls, ['attach 5', 'detach 5'])
  equal(states(), ['5 DETACHED'])
})

test('refuses what control cannot have meant, with a sentence', async () => {
  const { engine, reconciler } = setUp()
  const wrong = [
    sampleVolume(1, { uuid: Buffer.alloc(3) }),
    sampleVolume(2, { blockCount: 0 }),
    sampleVolume(3, { extentMap: Buffer.alloc(8) }),
  ]
  reconciler.want(sampleDesired(1, { volumes: wrong }))
  await reconciler.settled()
  await reconciler.close()
  equal(engine.calls, [])
  equal(
    reconciler.observed(new Map()).map(({ reason }) => reason),
    [
      'attaching failed: control gave a UUID of 3 bytes',
      'attaching failed: control gave the volume no blocks',
      'attaching failed: control gave a map of 8 bytes, but 1 extents need 4',
    ],
  )
})

test('publishes the discovery log when it changed, and tries again when that failed', async () => {
  const { engine, reconciler } = setUp()
  const entry = { hostNqn: 'h', subsystemNqn: 's', address: '10.0.0.1', port: 4420 }
  engine.fail('discovery 1', engineError('BUSY', 'busy'))
  reconciler.want(sampleDesired(1, { discovery: [entry] }))
  await until(() => engine.discovery.length === 1, 'published')
  reconciler.want(sampleDesired(2, { discovery: [{ ...entry }] }))
  await reconciler.settled()
  equal(engine.calls, ['discovery 1', 'discovery 1'])
  equal(engine.discovery, [entry])
})

test('counts the hosts of each volume', async () => {
  const { reconciler } = setUp()
  reconciler.want(withVolumes(1, 5))
  await reconciler.settled()
  const hosts = new Map([[sampleVolume(5).subsystemNqn, 2]])
  is(reconciler.observed(hosts)[0]?.hostConnections, 2)
})

test('runs many volumes at once, but not all of them', async () => {
  const { engine, reconciler } = setUp()
  const numbers = Array.from({ length: 100 }, (_, index) => index + 1)
  const holds = numbers.map((number) => engine.hold(`attach ${number}`))
  reconciler.want(withVolumes(1, ...numbers))
  await new Promise((resolve) => setTimeout(resolve, 10))
  is(engine.calls.length, 16)
  for (const release of holds) release()
  await reconciler.settled()
  is(engine.calls.length, 100)
})

test('starts nothing after it was closed, and waits for what runs', async () => {
  const { engine, reconciler } = setUp()
  const finish = engine.hold('attach 5')
  reconciler.want(withVolumes(1, 5))
  await until(() => engine.calls.length === 1, 'attaching began')
  let isClosed = false
  const closed = reconciler.close().then(() => {
    isClosed = true
  })
  reconciler.want(withVolumes(2, 6))
  is(isClosed, false)
  finish()
  await closed
  equal(engine.calls, ['attach 5'])
})

test('sets peers and groups before anything is attached, and only what changed', async () => {
  const { engine, reconciler } = setUp()
  const wanted = { ...withVolumes(1, 5), groups: [sampleGroup(1)], peers: [samplePeer(7)] }
  reconciler.want(wanted)
  await reconciler.settled()
  equal(engine.calls, ['peers 1', 'groups 1', 'attach 5'])
  equal(engine.groupConfigs, [
    {
      pg: 1,
      epoch: 1,
      primary: 4,
      minInSync: 1,
      members: [
        { nodeId: 4, role: 'in-sync' },
        { nodeId: 7, role: 'joining' },
      ],
    },
  ])
  reconciler.want({ ...wanted, revision: 2, groups: [sampleGroup(1, { epoch: 2 })] })
  await reconciler.settled()
  equal(engine.calls.slice(3), ['groups 1'])
})

test('sets groups while volumes are being attached: a group waits for nobody', async () => {
  const { engine, reconciler } = setUp()
  const numbers = Array.from({ length: 20 }, (_, index) => index + 1)
  const releases = numbers.map((number) => engine.hold(`attach ${number}`))
  const wanted = withVolumes(1, ...numbers)
  reconciler.want(wanted)
  await until(() => engine.calls.length >= 16, 'as many as may run at once')
  reconciler.want({ ...wanted, revision: 2, groups: [sampleGroup(1)] })
  await until(() => engine.calls.includes('groups 1'), 'the groups')
  for (const release of releases) release()
  await reconciler.settled()
  is(engine.volumes.size, 20)
})

test('keeps the newer groups when older ones come behind them', async () => {
  const { engine, reconciler } = setUp()
  const wanted = { ...withVolumes(1, 5), groups: [sampleGroup(1)] }
  reconciler.wantMembership({ ...wanted, revision: 2, groups: [sampleGroup(1, { epoch: 2 })] })
  reconciler.want(wanted)
  await reconciler.settled()
  equal(engine.calls, ['groups 1', 'attach 5'])
  is(engine.groupConfigs[0]?.epoch, 2)
})

test('attaches volumes when groups cannot be set all the same, and says why', async () => {
  const { engine, reconciler, failures } = setUp()
  engine.fail('groups 1', engineError('INVALID_ARGUMENT', 'no epoch'), 3)
  reconciler.want({ ...withVolumes(1, 5), groups: [sampleGroup(1)] })
  await until(() => engine.groupConfigs.length === 1, 'groups set in the end')
  is(engine.calls.includes('attach 5'), true)
  equal(failures, ['setting placement groups failed: no epoch'])
  await reconciler.settled()
})

test.run()
