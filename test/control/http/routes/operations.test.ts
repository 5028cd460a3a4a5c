/** Health, readiness and metrics. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createRig, eventually, MiB, type Rig } from '../../support/rig.ts'

let rig: Rig

test.before(async () => {
  rig = await createRig()
  await rig.gateway()
  await eventually(
    () => rig.send<{ capacityBytes: number }>('GET', '/v1/nodes/n1'),
    ({ body }) => body.capacityBytes > 0,
  )
})
test.after(() => rig.close())

test('control says that it runs and that it is ready', async () => {
  assert.equal((await rig.send('GET', '/healthz')).body, { status: 'ok' })
  const { body } = await rig.send<{ status: string; sessions: number }>('GET', '/readyz')
  assert.is(body.status, 'ready')
  assert.is(body.sessions, 1)
})

test('metrics count volumes, nodes, sessions and requests', async () => {
  await rig.send('POST', '/v1/volumes', { name: 'a', sizeBytes: MiB })
  await rig.send('GET', '/v1/volumes/a')
  await rig.send('GET', '/v1/volumes/b')
  await rig.send('GET', '/nothing')
  await eventually(
    () => rig.mirror.volumes.size,
    (size) => size === 1,
  )
  const { body: text, headers } = await rig.api.inject('/metrics')
  assert.match(String(headers['content-type']), /^text\/plain; version=/)
  const requests = 'ashlar_control_requests_total{method="GET"'
  for (const line of [
    'ashlar_volumes{state="available",cell="test"} 1',
    'ashlar_volumes{state="error",cell="test"} 0',
    'ashlar_attachments{state="attached",cell="test"} 0',
    'ashlar_nodes{health="alive",cell="test"} 1',
    'ashlar_control_sessions{cell="test"} 1',
    `${requests},route="/v1/volumes/:volume",status="200",cell="test"} 1`,
    `${requests},route="/v1/volumes/:volume",status="404",cell="test"} 1`,
    `${requests},route="unknown",status="404",cell="test"} 1`,
  ])
    assert.ok(text.includes(line), line)
  assert.match(text, /ashlar_control_request_seconds_bucket\{le="0\.01"/)
  assert.match(text, /process_resident_memory_bytes/)
})

test.run()
