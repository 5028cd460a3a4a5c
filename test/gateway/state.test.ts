/** Who the gateway is, and whom it refuses to be. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { equal, instance, is, match, unreachable } from 'uvu/assert'
import type { GatewayConfig } from '../../gateway/config.ts'
import { GatewayFailure } from '../../gateway/failure.ts'
import { type Identity, keepIdentity, readIdentity } from '../../gateway/state.ts'
import { writeStateFile } from '../../gateway/state-file.ts'
import { makeFolder, sampleConfig } from './samples.ts'

const test = suite('state')
const found = {
  cellId: 'cell-1',
  nodeNumber: 4,
  controllerIds: { first: 1, last: 1000 },
  devices: devicesWith('store-b', 'store-a'),
}

function devicesWith(...storeIds: string[]) {
  return storeIds.map((storeId) => ({ path: `/dev/${storeId}`, storeId, liveBytes: 0n }))
}

/** A gateway with two devices that has started once. */
async function begun(): Promise<GatewayConfig> {
  const folder = makeFolder()
  const devices = ['a', 'b'].map((name) => ({ path: join(folder, name) }))
  for (const { path } of devices) writeFileSync(path, '')
  const config = sampleConfig({ stateFolder: folder, engine: { devices } })
  is(readIdentity(config), undefined)
  await keepIdentity(config, undefined, found)
  return config
}

function whyRefused(config: GatewayConfig): string {
  try {
    readIdentity(config)
  } catch (error) {
    instance(error, GatewayFailure)
    return (error as Error).message
  }
  return unreachable('the gateway was let start') as never
}

test('remembers who it is from its first start', async () => {
  const config = await begun()
  equal(readIdentity(config), {
    version: 1,
    nodeName: 'n1',
    nodeNumber: 4,
    cellId: 'cell-1',
    extentBytes: 2 ** 30,
    storeIds: ['store-a', 'store-b'],
    controllerIds: { first: 1, last: 1000 },
  })
})

test('takes a number when it began before nodes had any', async () => {
  const config = await begun()
  const { nodeNumber: _, ...old } = readIdentity(config) as Identity
  await writeStateFile(join(config.stateFolder, 'identity.json'), old)
  is(readIdentity(config)?.nodeNumber, undefined)
  await keepIdentity(config, readIdentity(config), { ...found, nodeNumber: 9 })
  equal(readIdentity(config), { ...old, nodeNumber: 9 })
})

test('makes its folder, and says when that cannot be', () => {
  const folder = join(makeFolder(), 'deep', 'down')
  readIdentity(sampleConfig({ stateFolder: folder }))
  is(existsSync(folder), true)
  match(whyRefused(sampleConfig({ stateFolder: '/dev/null/x' })), /\/dev\/null\/x cannot be made/)
})

test('refuses the configuration of another node', async () => {
  const config = await begun()
  const other = { ...config, node: { ...config.node, name: 'n2' } }
  match(whyRefused(other), /belongs to node n1, but node.name is n2/)
})

test('refuses another extent size: it would look for blocks where they are not', async () => {
  const config = await begun()
  const other = { ...config, engine: { ...config.engine, extentBytes: 2 ** 22 } }
  match(whyRefused(other), /extents of 1073741824 bytes, but engine.extentBytes is 4194304/)
})

test('refuses a device more or less before the engine could format it', async () => {
  const config = await begun()
  const [first] = config.engine.devices
  const other = { ...config, engine: { ...config.engine, devices: first ? [first] : [] } }
  match(whyRefused(other), /began with 2 devices, but engine.devices names 1/)
})

test('refuses to start without a device that holds data', async () => {
  const config = await begun()
  const devices = config.engine.devices.map((device, index) =>
    index === 0 ? device : { ...device, path: '/dev/nvme9n9-gone' },
  )
  match(whyRefused({ ...config, engine: { ...config.engine, devices } }), /nvme9n9-gone is missing/)
})

test('accepts its own stores in any order, and refuses others', async () => {
  const config = await begun()
  const known = readIdentity(config)
  await keepIdentity(config, known, { ...found, devices: devicesWith('store-a', 'store-b') })
  const other = { ...found, devices: devicesWith('store-a', 'store-x') }
  const refused = await keepIdentity(config, known, other).catch((error: Error) => error)
  instance(refused, GatewayFailure)
  match((refused as Error).message, /store store-b is missing, found are store-a, store-x/)
})

test('refuses data of which it does not know whose it is', async () => {
  const config = sampleConfig()
  readIdentity(config)
  const devices = [{ path: '/dev/used', storeId: 'store-u', liveBytes: 4096n }]
  const refused = await keepIdentity(config, undefined, { ...found, devices }).catch(
    (error: Error) => error,
  )
  instance(refused, GatewayFailure)
  match((refused as Error).message, /\/dev\/used holds the data of a gateway, but .* whose/)
  is(readIdentity(config), undefined)
})

test.run()
