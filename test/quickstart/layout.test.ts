/** The cell that the quick start lays out, its ports and what it prints. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import { loadControlConfig } from '../../control/config.ts'
import { filesOf, type Layout, writeConfigs } from '../../control/quickstart/layout.ts'
import { takenPorts, tryPort } from '../../control/quickstart/ports.ts'
import { waitReady } from '../../control/quickstart/wait-ready.ts'
import { welcomeText } from '../../control/quickstart/welcome-text.ts'
import { loadGatewayConfig } from '../../gateway/config.ts'
import { freePort } from '../support/free-port.ts'

const test = suite('quick start layout')
let layout: Layout

test.before(async () => {
  layout = {
    folder: mkdtempSync(join(tmpdir(), 'ashlar-layout-')),
    address: '127.0.0.1',
    apiPort: await freePort(),
    sessionPort: await freePort(),
    gateways: [
      {
        name: 'g1',
        rack: 'r1',
        ioPort: await freePort(),
        discoveryPort: await freePort(),
        peerPort: await freePort(),
      },
    ],
    deviceBytes: 2 ** 30,
    extentBytes: 2 ** 26,
  }
})
test.after(() => rmSync(layout.folder, { recursive: true }))

test('writes configurations that control and gateways take', () => {
  writeConfigs(layout)
  const control = loadControlConfig({ path: filesOf(layout, 'control').config })
  const gateway = loadGatewayConfig(filesOf(layout, 'g1').config)
  is(control.api.port, layout.apiPort)
  equal(gateway.control.addresses, [`127.0.0.1:${control.sessions.port}`])
  is(gateway.engine.extentBytes, control.cell.extentBytes)
  is(control.cell.copies, 1)
  is(gateway.peer.port, layout.gateways[0]?.peerPort)
  equal(gateway.engine.devices, [
    { path: join(layout.folder, 'g1', 'disk'), bytes: 2 ** 30, durability: 'automatic' },
  ])
})

test('control and gateways agree on the extent size when nobody names one', () => {
  const { extentBytes: _, ...plain } = layout
  writeConfigs(plain)
  const control = loadControlConfig({ path: filesOf(layout, 'control').config })
  const gateway = loadGatewayConfig(filesOf(layout, 'g1').config)
  is(gateway.engine.extentBytes, control.cell.extentBytes)
})

test('volumes have as many copies as there are racks, three at most', () => {
  const [gateway] = layout.gateways
  if (!gateway) throw new Error('the layout has no gateway')
  const copiesWith = (racks: readonly string[]) => {
    writeConfigs({ ...layout, gateways: racks.map((rack) => ({ ...gateway, rack })) })
    return loadControlConfig({ path: filesOf(layout, 'control').config }).cell.copies
  }
  is(copiesWith(['a', 'b', 'a']), 2)
  is(copiesWith(['a', 'b', 'c', 'd']), 3)
  writeConfigs(layout)
})

test('says which port is taken, and for what it is', async () => {
  equal(await takenPorts(layout), [])
  const { createServer } = await import('node:net')
  const server = createServer()
  const port = layout.gateways[0]?.ioPort ?? 0
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
  equal(await takenPorts(layout), [`Port ${port} of 127.0.0.1, for hosts of g1, is in use.`])
  await new Promise((resolve) => server.close(resolve))
  is(await tryPort('127.0.0.1', port), undefined)
})

test('says that an address is not this machine’s', async () => {
  const mistakes = await takenPorts({ ...layout, address: '192.0.2.1' })
  is(mistakes.length, 5)
  match(mistakes[0] ?? '', 'for the API, cannot be listened on (EADDRNOTAVAIL)')
})

test('stops waiting when a process has ended, when time is up, and when told to', async () => {
  const dead = {
    name: 'g1',
    logPath: '',
    pid: 1,
    ended: Promise.resolve('exit code 1'),
    isRunning: () => false,
    kill() {},
    async stop() {},
  }
  const progress = () => {}
  is(await waitReady({ layout, children: [dead], progress }), 'g1 ended: exit code 1.')
  is(
    await waitReady({ layout, children: [], progress, limitMs: 1 }),
    'Not ready after 0.001 s: waiting for control to answer.',
  )
  const signal = AbortSignal.abort()
  is(await waitReady({ layout, children: [], progress, signal }), 'It was told to stop.')
})

test('prints where everything is, and commands with this host’s name', () => {
  const text = welcomeText(layout, 'nqn.2014-08.org.example:host')
  const { address, apiPort, gateways } = layout
  for (const expected of [
    `http://${address}:${apiPort}/v1`,
    `http://${address}:${apiPort}/docs`,
    `hosts ${address}:${gateways[0]?.ioPort}`,
    `'{"name":"first","sizeBytes":1073741824}'`,
    '"hostNqn":"nqn.2014-08.org.example:host"',
    `nvme connect-all -t tcp -a ${address} -s ${gateways[0]?.discoveryPort}`,
    '--ctrl-loss-tmo=-1',
  ])
    is(text.includes(expected), true, expected)
})

test.run()
