/** `ashlar status` and `ashlar nodes drain` against a real control. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createGroupRig, type GroupRig, number } from '../../support/group-rig.ts'
import { eventually } from '../../support/rig.ts'
import { runCli } from '../surroundings.ts'

let rig: GroupRig
let api: string

test.before.each(async () => {
  rig = await createGroupRig('n1 n2 n3')
  api = await rig.api.listen({ host: '127.0.0.1', port: 0 })
})
test.after.each(() => rig.close())

const ashlar = (line: string) => runCli(line.split(' '), { env: { ASHLAR_API: api } })
const healthy = () =>
  eventually(
    () => ashlar('status'),
    ({ code }) => code === 0,
  )

test('status of a healthy cell says so on one screen, and exits with 0', async () => {
  const { printed, noted } = await healthy()
  assert.match(printed, /Health: +healthy: All data is there, with as many copies as wanted\./)
  assert.match(printed, /Nodes: +4 alive\n/)
  assert.ok(printed.split('\n').length < 24)
  assert.is(noted, '')
})

test('status of a cell that is not whole says what is wrong, and exits with 1', async () => {
  await healthy()
  await rig.kill('n3')
  rig.gatewayOf('n1').report('SUSPECT', number, 1, 3, 'silent')
  const told = await eventually(
    () => ashlar('status'),
    ({ printed }) => printed.includes('repair-n3'),
  )
  assert.is(told.code, 1)
  assert.match(told.printed, /short of a copy/)
  assert.match(told.printed, /Node n3 of rack r-n3: Its gateway has not been heard/)
  const { code, printed } = await ashlar('status --json')
  assert.is(code, 1)
  assert.is(JSON.parse(printed).error.status.nodes.silent, 1)
})

test('a node is drained and taken back', async () => {
  await healthy()
  const begun = await ashlar('nodes drain n4')
  assert.is(begun.code, 0)
  assert.match(begun.printed, /Node n4 (is being emptied|holds nothing)/)
  await eventually(
    () => ashlar('nodes show n4'),
    ({ printed }) => /Drain: +drained/.test(printed),
  )
  assert.match((await ashlar('status')).printed, /Draining: +n4/)
  assert.match((await ashlar('nodes undrain n4')).printed, /Node n4 takes part again/)
  assert.is((await ashlar('nodes drain nobody')).code, 1)
})

test.run()
