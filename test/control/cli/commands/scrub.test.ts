/** `ashlar scrub` against a real control, with gateways that say how far they are. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ScrubMessage } from '../../../../control/contract/messages.ts'
import type { FakeGateway } from '../../support/fake-gateway.ts'
import { noPass } from '../../support/no-pass.ts'
import { createRig, eventually, type Rig } from '../../support/rig.ts'
import { runCli } from '../surroundings.ts'

let rig: Rig
let api: string
let first: FakeGateway
let second: FakeGateway

test.before.each(async () => {
  rig = await createRig()
  first = await rig.gateway()
  second = await rig.gateway()
  for (const gateway of [first, second]) gateway.scrub = noPass
  api = await rig.api.listen({ host: '127.0.0.1', port: 0 })
  await eventually(
    () => ashlar('scrub status'),
    ({ printed }) => (printed.match(/never/g)?.length ?? 0) >= 4,
  )
})
test.after.each(() => rig.close())

const ashlar = (line: string) => runCli(line.split(' '), { env: { ASHLAR_API: api } })

/** Does what it is told: half of a pass, and then the end of it. */
async function obey(gateway: FakeGateway, change: Partial<ScrubMessage> = {}): Promise<void> {
  const request = await eventually(
    () => gateway.desired.at(-1)?.scrub?.request ?? 0,
    (number) => number > 0,
  )
  const startedAtMs = Date.now()
  const begun = { ...noPass, request, startedAtMs, blocksRead: 512, blocksTotal: 1024 }
  gateway.scrub = { ...begun, state: 'RUNNING' }
  gateway.sendHeartbeat()
  await new Promise((resolve) => setTimeout(resolve, 700))
  const endedAtMs = Date.now()
  gateway.scrub = {
    ...begun,
    state: 'FINISHED',
    blocksRead: 1024,
    endedAtMs,
    finishedAtMs: endedAtMs,
    requestDone: request,
    ...change,
  }
}

test('a scrub is begun and watched to its end, with a line for each device', async () => {
  const [{ code, printed, noted }] = await Promise.all([
    ashlar('scrub --rate 1MiB'),
    obey(first),
    obey(second),
  ])
  assert.is(code, 0, noted)
  assert.match(noted, /^n1 n1\.disk: running, 50 %$/m)
  assert.match(noted, /^n2 n2\.disk: finished$/m)
  assert.match(printed, /^n1 +n1\.disk +finished +4 MiB +4 MiB /m)
  assert.is(first.desired.at(-1)?.scrub?.bytesPerSecond, 2 ** 20)
})

test('damage is exit code 1 and says where', async () => {
  const [{ code, printed, noted }] = await Promise.all([
    ashlar('scrub --node n2'),
    obey(second, { blocksDamaged: 3 }),
  ])
  assert.is(code, 1)
  assert.match(noted, /^ashlar: Damaged blocks: 3, on n2\.disk on node n2\. /m)
  assert.match(printed, /^n2 +n2\.disk +finished .* 3 /m)
  assert.not.match(printed, /n1/)
})

test('for scripts damage is in the failure, once', async () => {
  const [{ code, printed }] = await Promise.all([
    ashlar('scrub --node n2 --json'),
    obey(second, { blocksDamaged: 3 }),
  ])
  assert.is(code, 1)
  const { error } = JSON.parse(printed)
  assert.is(error.kind, 'failed')
  assert.is(error.items[0].damagedBlocks, 3)
})

test('a pass that does not reach its end is exit code 1', async () => {
  const [{ code, noted }] = await Promise.all([
    ashlar('scrub --node n1'),
    obey(first, { state: 'FAILED' }),
  ])
  assert.is(code, 1)
  assert.match(noted, /The scrub of n1\.disk on node n1 has not read everything: failed\./)
})

test('without waiting it is only begun; status shows it, stop ends it', async () => {
  const begun = await ashlar('scrub --no-wait')
  assert.is(begun.code, 0)
  assert.match((await ashlar('scrub status')).printed, /^n1 +n1\.disk +waiting /m)
  await obey(first)
  await eventually(
    () => ashlar('scrub status --node n1'),
    ({ printed }) => /^n1 +n1\.disk +finished /m.test(printed) && !printed.includes('n2'),
  )
  assert.is((await ashlar('scrub stop --node n2')).code, 0)
  const told = await eventually(
    () => second.desired.at(-1)?.scrub,
    (scrub) => scrub?.stop === true,
  )
  assert.is(told?.request, 2)
  assert.is(first.desired.at(-1)?.scrub?.stop, false)
})

test('a wrong command line sends nothing; a node that is not there is refused', async () => {
  assert.is((await ashlar('scrub --rate fast')).code, 2)
  assert.is((await ashlar('scrub resume')).code, 2)
  const missing = await ashlar('scrub --node n9')
  assert.is(missing.code, 1)
  assert.match(missing.noted, /NODE_NOT_FOUND/)
})

test.run()
