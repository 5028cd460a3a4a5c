/** The command line against a real control, with gateways that obey and a host that records. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createRig, eventually, hostNqn, type Rig } from '../support/rig.ts'
import { runCli, type Setting } from './surroundings.ts'

let rig: Rig
let api: string

test.before(async () => {
  rig = await createRig()
  for (let i = 0; i < 2; i++) await rig.gateway()
  await eventually(
    () => rig.send<{ items: { capacityBytes: number }[] }>('GET', '/v1/nodes'),
    ({ body }) => body.items.length === 2 && body.items.every((node) => node.capacityBytes > 0),
  )
  api = await rig.api.listen({ host: '127.0.0.1', port: 0 })
})
test.after(() => rig.close())

const ashlar = (line: string, setting: Setting = {}) =>
  runCli(line.split(' '), { ...setting, env: { ASHLAR_API: api } })

async function json(line: string, setting?: Setting) {
  const { code, printed, noted } = await ashlar(`${line} --json`, setting)
  assert.is(code, 0, noted)
  return JSON.parse(printed)
}

test('a volume is created, shown, listed, renamed, labelled, grown and deleted', async () => {
  const made = await json(
    'volumes create db --size 1GiB --copies 1 --label team=a --label x=1 --wait',
  )
  assert.is(made.sizeBytes, 2 ** 30)
  assert.equal(made.labels, { team: 'a', x: '1' })
  assert.is(made.state, 'available')
  const shown = await ashlar('volumes show db')
  assert.match(shown.printed, /^Size: +1 GiB$/m)
  assert.match(shown.printed, /^Copies: +1$/m)
  assert.match(shown.printed, /^Labels: +team=a,x=1$/m)
  assert.match(
    (await ashlar('volumes list')).printed,
    /^NAME +SIZE +COPIES +STATE .*\ndb +1 GiB +1 +available/,
  )
  assert.equal((await json('volumes list --label team=b')).length, 0)
  assert.is((await json('volumes rename db data')).name, 'data')
  assert.equal((await json('volumes label data team- y=2')).labels, { x: '1', y: '2' })
  assert.is((await json('volumes grow data --size 2GiB --wait')).sizeBytes, 2 * 2 ** 30)
  const deleted = await ashlar('volumes delete data --yes --wait')
  assert.is(deleted.printed, 'Volume data is deleted.\n')
  assert.is((await ashlar('volumes list')).printed, 'There are no volumes.\n')
})

test('a list is whole, however many pages it has', async () => {
  const names = Array.from({ length: 5 }, (_, index) => `many-${index}`)
  for (const name of names) await json(`volumes create ${name} --size 1MiB`)
  const listed = (await json('volumes list')) as { name: string }[]
  assert.equal(
    listed.map(({ name }) => name),
    names,
  )
  for (const name of names) await ashlar(`volumes delete ${name} --yes --wait`)
})

test('deleting asks first; with nobody to ask it takes --yes', async () => {
  await ashlar('volumes create keep --size 1MiB')
  const alone = await ashlar('volumes delete keep')
  assert.is(alone.code, 2)
  assert.match(alone.noted, /Volume keep \(1 MiB\) and its data are deleted\. .*--yes/)
  const refused = await ashlar('volumes delete keep', { answer: 'n' })
  assert.is(refused.code, 1)
  assert.is(refused.asked.length, 1)
  assert.is((await json('volumes show keep')).state, 'available')
  assert.is((await ashlar('volumes delete keep', { answer: 'y' })).code, 0)
})

test('what the API refuses is one sentence and exit code 1, for scripts a problem', async () => {
  const missing = await ashlar('volumes show none')
  assert.is(missing.code, 1)
  assert.match(missing.noted, /^ashlar: .+\. \(VOLUME_NOT_FOUND\)\n$/)
  const script = await ashlar('volumes create Bad --size 1MiB --json')
  const { error } = JSON.parse(script.printed)
  assert.is(error.kind, 'failed')
  assert.is(error.problem.code, 'INVALID_FIELD')
  assert.is(error.problem.pointer, '/name')
})

test('a wrong command line is exit code 2 and sends nothing', async () => {
  const lines = [
    'volumes create x',
    'volumes create x --size 10GB',
    'volumes create x --size 1GiB --label y',
    'volumes label x y',
    'volumes frobnicate',
    'volumes show',
    'volumes list --nope',
    'attachments create x',
    'attach x --host-nqn nonsense',
    'nodes list --api nonsense',
  ]
  for (const line of lines) {
    const { code, noted } = await ashlar(line)
    assert.is(code, 2, line)
    assert.ok(noted.length > 10, line)
  }
})

test('no API at the address is exit code 3', async () => {
  const { code, noted } = await runCli(['nodes', 'list', '--api', 'http://127.0.0.1:1'])
  assert.is(code, 3)
  assert.match(noted, /^ashlar: No API answers at http:\/\/127\.0\.0\.1:1: .+\n$/)
})

test('help and version are no mistakes', async () => {
  assert.match((await ashlar('--help')).printed, /Exit codes:/)
  assert.match((await ashlar('--version')).printed, /^\d+\.\d+\.\d+\n$/)
})

test('nodes are listed and shown with their devices', async () => {
  const { printed } = await ashlar('nodes list')
  assert.match(printed, /^NAME +RACK +HEALTH .*\nn1 +r1 +alive +100 GiB/)
  assert.match((await ashlar('nodes show n1')).printed, /DEVICE[\s\S]*n1\.disk +100 GiB/)
})

test('attachments are made, listed, shown and deleted', async () => {
  await ashlar('volumes create att --size 1MiB')
  const made = await json(`attachments create att --host-nqn ${hostNqn} --wait`)
  assert.is(made.state, 'attached')
  assert.match((await ashlar('attachments list')).printed, /att +attached +n\d/)
  const shown = await ashlar(`attachments show ${made.id}`)
  assert.match(shown.printed, /^Connect: +nvme connect -t tcp /m)
  assert.is((await ashlar(`attachments delete ${made.id}`)).code, 2)
  const deleted = await ashlar(`attachments delete ${made.id} --yes --wait`)
  assert.is(deleted.printed, `Attachment ${made.id} is deleted.\n`)
  assert.is((await json('attachments list')).length, 0)
  await ashlar('volumes delete att --yes --wait')
})

test('attach connects on a host, again without harm, and detach takes it back', async () => {
  await ashlar('volumes create disk --size 1MiB')
  const { subsystemNqn } = await json('volumes show disk')
  const ran: string[] = []
  let isConnected = false
  const host = {
    nqn: hostNqn,
    obstacle: undefined as never,
    deviceOf: (nqn: string) => (isConnected && nqn === subsystemNqn ? '/dev/nvme7n1' : undefined),
    run: async (program: string, args: readonly string[]) => {
      ran.push([program, ...args].join(' '))
      if (args[0] === 'connect') isConnected = true
      if (args[0] === 'disconnect') isConnected = false
      return { code: 0, output: '' }
    },
  }
  assert.is((await ashlar('attach disk', { host })).printed, 'disk is /dev/nvme7n1\n')
  assert.is(ran.length, 2)
  assert.match(ran[1] ?? '', /^nvme connect -t tcp .*--ctrl-loss-tmo=-1/)
  const again = await json('attach disk', { host })
  assert.is(again.device, '/dev/nvme7n1')
  assert.is(ran.length, 2)

  const used = { ...host, usersOf: () => ['mounted at /srv'] }
  const refused = await ashlar('detach disk', { host: used })
  assert.is(refused.code, 1)
  assert.match(refused.noted, /Volume disk \(\/dev\/nvme7n1\) is mounted at \/srv\./)
  const detached = await ashlar('detach disk', { host })
  assert.is(detached.printed, 'Volume disk is detached.\n')
  assert.is(ran.at(-1), `nvme disconnect -n ${subsystemNqn}`)
  assert.is((await ashlar('detach disk', { host })).code, 1)
  await ashlar('volumes delete disk --yes --wait')
})

test('attach prints the command where it cannot run it, or is told to', async () => {
  await ashlar('volumes create elsewhere --size 1MiB')
  const printed = await ashlar(`attach elsewhere --print --host-nqn ${hostNqn}`)
  assert.match(printed.printed, /^nvme connect -t tcp -a 192\.0\.2\.1 /)
  assert.not.match(printed.noted, /Nothing is connected/)
  const notRoot = await ashlar('attach elsewhere', { host: { nqn: hostNqn } })
  assert.is(notRoot.printed, printed.printed)
  assert.match(notRoot.noted, /you are not root/)
  const nameless = await ashlar('attach elsewhere')
  assert.is(nameless.code, 2)
  assert.match(nameless.noted, /no \/etc\/nvme\/hostnqn/)
  const other = await ashlar(`attach elsewhere --print --host-nqn ${hostNqn.replace(/7$/, '8')}`)
  assert.is(other.code, 1)
  assert.match(other.noted, /VOLUME_IN_USE/)
})

test('a connect that fails is told with what nvme said', async () => {
  await ashlar('volumes create unlucky --size 1MiB')
  const host = {
    nqn: hostNqn,
    obstacle: undefined as never,
    run: async (program: string) =>
      program === 'nvme'
        ? { code: 1, output: 'Failed to write to /dev/nvme-fabrics: Connection refused' }
        : { code: 0, output: '' },
  }
  const { code, noted } = await ashlar('attach unlucky', { host })
  assert.is(code, 1)
  assert.match(noted, /nvme connect failed: .*Connection refused/)
})

test('the program itself runs from a clone', async () => {
  const program = fileURLToPath(new URL('../../../control/cli/ashlar.mjs', import.meta.url))
  const args = ['nodes', 'list', '--api', api]
  const { stdout } = await promisify(execFile)(program, args)
  assert.match(stdout, /^NAME +RACK/)
})

test.run()
