/** `ashlar device` with the real device program, on files and a loop device. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { linuxHost } from '../../../../control/cli/host/linux-host.ts'
import type { DeviceAnswers } from '../../../../control/contract/device-program.ts'
import { openEngine } from '../../../../native-rdma/index.js'
import { engineOptions, mebi } from '../../../native-rdma/open-engine.ts'
import { createRig, eventually, GiB, type Rig } from '../../support/rig.ts'
import { type Outcome, runCli } from '../surroundings.ts'

const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/
const nowhere = 'http://127.0.0.1:9'
let rig: Rig
let api: string
let folder: string

test.before(async () => {
  rig = await createRig()
  await rig.gateway()
  api = await rig.api.listen({ host: '127.0.0.1', port: 0 })
})
test.after(() => rig.close())
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-cli-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

const device = (line: string, apiUrl = nowhere): Promise<Outcome> =>
  runCli(['device', ...line.split(' ')], {
    env: { ASHLAR_API: apiUrl },
    host: { run: linuxHost().run },
  })

/** A file with a mark of something else at its start. */
function foreignFile(name: string): string {
  const path = join(folder, name)
  const file = openSync(path, 'w')
  writeSync(file, 'XFSB')
  closeSync(file)
  truncateSync(path, GiB)
  return path
}

test('a file is made and prepared, listed, and retired', async () => {
  const path = join(folder, 'disk')
  const prepared = await device(`prepare ${path} --size 1GiB`)
  assert.is(prepared.code, 0, prepared.noted)
  assert.ok(prepared.printed.startsWith(`${path} is made, 1 GiB long: store `))
  const id = uuid.exec(prepared.printed)?.[0] ?? ''
  const listed = await device(`list ${path}`)
  assert.match(listed.printed, /^DEVICE +SIZE +SECTOR +HOLDS +STORE +SEGMENTS +FEATURES\n/)
  assert.match(listed.printed, new RegExp(`1 GiB .*an Ashlar store +${id} +63 x 16 MiB +none`))
  const retired = await device(`retire ${path}`)
  assert.is(retired.code, 0, retired.noted)
  assert.is(retired.printed, `Store ${id} is gone from ${path}, which is empty now.\n`)
  assert.match((await device(`list ${path}`)).printed, / nothing\n/)
})

test('what is not ours is named and refused; forced, it is said to be erased', async () => {
  const path = foreignFile('disk')
  for (const line of [`prepare ${path}`, `retire ${path} --force`]) {
    const { code, noted } = await device(line)
    assert.is(code, 1)
    assert.match(noted, /^ashlar: .* an XFS file system.* left alone\.\n$/)
  }
  const forced = await device(`prepare ${path} --force --segment-size 16MiB`)
  assert.is(forced.code, 0, forced.noted)
  assert.ok(forced.printed.startsWith(`Erased from ${path}: an XFS file system.\n${path}: store `))
  assert.match(forced.printed, /segments 63 x 16 MiB\.\n$/)
})

test("what a running engine has open is a gateway's, and is not touched", async () => {
  const path = join(folder, 'disk')
  const devices = [{ path, bytes: 64n * mebi }]
  const engine = await openEngine(engineOptions({ devices }))
  const id = engine.devices()[0]?.storeId
  for (const line of [`prepare ${path} --force`, `retire ${path} --force`]) {
    const { code, noted } = await device(line)
    assert.is(code, 1)
    assert.match(noted, /is open in a gateway/)
  }
  const { printed } = await device(`list ${path}`)
  assert.match(printed, new RegExp(` by a gateway +an Ashlar store +${id} `))
  await engine.close()
})

test("scripts get the answer as JSON, and the engine's code with a refusal", async () => {
  const path = foreignFile('disk')
  const refused = await device(`prepare ${path} --json`)
  assert.is(JSON.parse(refused.printed).error.code, 'FOREIGN')
  const prepared = await device(`prepare ${path} --force --json`)
  const answer = JSON.parse(prepared.printed) as DeviceAnswers['prepare']
  assert.is(answer.erased, 'an XFS file system')
  assert.is(answer.device.bytes, GiB)
  assert.is(answer.device.store?.segmentBytes, 16 * 2 ** 20)
  const listed = await device(`list ${path} --json`)
  assert.equal(JSON.parse(listed.printed), [answer.device])
})

test('a command line that makes no sense is exit code 2 and makes nothing', async () => {
  const path = join(folder, 'disk')
  for (const line of [
    `prepare ${path}`,
    `prepare ${path} --size 1000`,
    `prepare ${path} --size 1MiB`,
    `prepare ${path} --size 1GiB --segment-size 3MiB`,
    `prepare ${path} --size much`,
    'prepare',
    'retire',
  ]) {
    const { code, noted } = await device(line)
    assert.is(code, 2, `${line}: ${noted}`)
  }
  const { code, printed, noted } = await device(`list ${path}`)
  assert.is(code, 1)
  assert.match(printed, / does not exist\n/)
  assert.is(noted, `ashlar: device ${path} does not exist.\n`)
})

test('without paths the devices of the cell are listed, and those of this machine', async () => {
  await eventually(
    () => rig.send<{ items: { capacityBytes: number }[] }>('GET', '/v1/nodes'),
    ({ body }) => body.items.every((node) => node.capacityBytes > 0),
  )
  const [node] = (await rig.send<{ items: { name: string }[] }>('GET', '/v1/nodes')).body.items
  const { code, printed } = await device('list', api)
  assert.is(code, 0)
  assert.match(printed, /^Devices of the cell:\nNODE +DEVICE +STORE +CAPACITY/)
  assert.match(printed, new RegExp(`^${node?.name} .* flush +good$`, 'm'))
  assert.match(printed, /^Block devices of this machine:\n(DEVICE|There are none)/m)
  const both = JSON.parse((await device('list --json', api)).printed)
  assert.is(both.cell[0].node, node?.name)
  assert.ok(Array.isArray(both.machine))
})

test("without an API this machine's devices are listed all the same", async () => {
  const { code, printed, noted } = await device('list')
  assert.is(code, 0)
  assert.match(noted, /^ashlar: No API answers/)
  assert.match(printed, /^Block devices of this machine:\n/)
})

test("a loop device is in the system's use for its file, and is prepared by itself", async () => {
  const path = foreignFile('disk')
  const loop = makeLoop(path)
  if (loop === undefined) return console.log('skipped: no loop device can be made here')
  try {
    assert.match((await device(`list ${path}`)).printed, / by the system +an XFS file system\n/)
    const busy = await device(`prepare ${path} --force`)
    assert.is(busy.code, 1)
    assert.match(busy.noted, /in use by the system/)
    assert.is((await device(`prepare ${loop}`)).code, 1)
    assert.is((await device(`prepare ${loop} --force`)).code, 0)
    assert.match((await device(`list ${loop}`)).printed, / 4096 +an Ashlar store /)
    assert.is((await device(`retire ${loop}`)).code, 0)
  } finally {
    execFileSync('losetup', ['--detach', loop])
  }
})

function makeLoop(path: string): string | undefined {
  try {
    const words = ['--find', '--show', '--sector-size', '4096', path]
    return execFileSync('losetup', words, { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return undefined
  }
}

test.run()
