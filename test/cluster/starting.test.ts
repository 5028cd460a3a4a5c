/** How gateways begin beside others: taken ports, devices and names, a second start. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import { is, match } from 'uvu/assert'
import { type Child, lastLines, startChild } from '../../control/quickstart/child.ts'
import { filesOf, type Layout, writeConfigs } from '../../control/quickstart/layout.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { freePort } from '../support/free-port.ts'
import { connectHost } from '../support/nvme-host.ts'
import { told } from '../support/told.ts'
import { attachVolume, pattern } from './attached-volume.ts'

const test = suite('cluster starting')
let cluster: Cluster
let other = ''
test.before(
  told(async () => {
    other = mkdtempSync(join(tmpdir(), 'ashlar-other-'))
    cluster = await startCluster({ gateways: 1 })
  }),
)
test.after(async () => {
  await cluster.close()
  rmSync(other, { recursive: true })
})

/** A gateway beside the cluster's, in its cell but in a folder of its own. */
async function besides(name: string, change: { ioPort?: number } = {}): Promise<Layout> {
  const ports = { discoveryPort: await freePort(), peerPort: await freePort() }
  const gateways = [{ name, rack: 'r9', ioPort: change.ioPort ?? (await freePort()), ...ports }]
  const layout = { ...cluster.layout, folder: other, gateways }
  writeConfigs(layout)
  return layout
}

function start(layout: Layout): Child {
  const name = layout.gateways[0]?.name ?? ''
  const { config, log } = filesOf(layout, name)
  return startChild({ name, main: 'gateway/main.ts', args: ['--config', config], logPath: log })
}

const saidLast = ({ logPath }: Child) => lastLines(logPath, 3).join('\n')

test('a gateway says that its port is in use, and leaves', async () => {
  const taken = cluster.gateways[0]?.ioPort ?? 0
  const child = start(await besides('late', { ioPort: taken }))
  is(await child.ended, 'exit code 1')
  match(
    saidLast(child),
    `Port ${taken} of 127.0.0.1 is in use: stop what uses it, or set hosts.ioPort`,
  )
})

test('a gateway refuses a device that another uses', async () => {
  const layout = await besides('thief')
  const { config } = filesOf(layout, 'thief')
  const mine = join(other, 'thief', 'disk')
  const theirs = join(cluster.folder, 'gateway-1', 'disk')
  writeFileSync(config, readFileSync(config, 'utf8').replace(mine, theirs))
  const child = start(layout)
  is(await child.ended, 'exit code 1')
  match(saidLast(child), 'Another process uses the device')
})

test('a gateway says what is wrong with its configuration', async () => {
  const layout = await besides('wrong')
  const { config } = filesOf(layout, 'wrong')
  writeFileSync(config, `${readFileSync(config, 'utf8')}colour: red\n`)
  const child = start(layout)
  is(await child.ended, 'exit code 2')
  match(saidLast(child), `${config}: colour is not a setting; known are stateFolder, node`)
})

test('a second gateway of the same name is refused, and the first serves on', async () => {
  const child = start(await besides('gateway-1'))
  while (!readFileSync(child.logPath, 'utf8').includes('NODE_NAME_IN_USE') && child.isRunning())
    await new Promise((resolve) => setTimeout(resolve, 50))
  match(readFileSync(child.logPath, 'utf8'), 'refused with NODE_NAME_IN_USE')
  await child.stop()
  const { body } = await cluster.api('GET', '/v1/nodes')
  is(body.items[0].rack, 'r1')
  is(body.items[0].health, 'alive')
})

test('a second start finds the volumes and their data', async () => {
  const folder = join(other, 'cell')
  const first = await startCluster({ folder, gateways: 2 })
  const volume = await attachVolume(first, 'kept')
  const host = await volume.connect()
  await host.write(5, pattern(5, 8))
  host.close()
  await first.close()

  const second = await startCluster({ folder, gateways: 2 })
  const { body } = await second.waitFor(
    `/v1/attachments/${volume.attachmentId}`,
    (answer) => answer.body.state === 'attached',
  )
  const { subsystemNqn, hostNqn, addresses } = body
  const again = await connectHost({ ...addresses[0], subsystemNqn, hostNqn })
  is((await again.read(5, 8)).equals(pattern(5, 8)), true)
  again.close()
  await second.close()
})

test.run()
