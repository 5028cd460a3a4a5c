/** Bytes that rot on a gateway's disk: found by a scrub, told, refused to the host, and cleared. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { equal, is, match, not, ok } from 'uvu/assert'
import { formatBytes } from '../../configs/bytes.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { root } from '../support/root.ts'
import { runProgram } from '../support/run-program.ts'
import { told } from '../support/told.ts'
import { type AttachedVolume, attachVolume, pattern } from './attached-volume.ts'

const test = suite('cluster scrub')
const deviceBytes = 512 * 2 ** 20
/** Blocks 0 to 63 hold pattern 1 to 64. */
const written = 64
const rotten = 21
let cluster: Cluster
let volume: AttachedVolume

test.before(
  told(async () => {
    cluster = await startCluster({ gateways: 2, deviceBytes, extentBytes: 4 * 2 ** 20 })
    volume = await attachVolume(cluster, 'data', 16 * 2 ** 20)
    const host = await volume.connect()
    for (let block = 0; block < written; block += 1) await host.write(block, pattern(block + 1))
    host.close()
  }),
)
test.after(() => cluster.close())

const ashlar = (...args: string[]) =>
  runProgram(process.execPath, ['control/cli/ashlar.mjs', ...args], {
    cwd: root,
    env: { ASHLAR_API: cluster.apiUrl },
    timeoutSeconds: 60,
  })

const node = () => cluster.gateways[volume.gateway]?.name as string
const diskOf = () => join(cluster.folder, node(), 'disk')

/** Changes one bit of a block, found on the disk by what it holds, behind the gateway's back. */
function rot(block: Buffer): void {
  const file = openSync(diskOf(), 'r+')
  const there = Buffer.alloc(2 ** 20)
  for (let at = 0; at < deviceBytes; at += there.length) {
    readSync(file, there, 0, there.length, at)
    const found = there.indexOf(block)
    if (found === -1) continue
    writeSync(file, Buffer.of(there.readUInt8(found + 99) ^ 4), 0, 1, at + found + 99)
    closeSync(file)
    return
  }
  throw new Error('the block is not on the disk')
}

/** The volume's blocks, and those in which placement groups keep what they are. */
async function liveBytes(): Promise<number> {
  const bytes = await cluster.metric(volume.gateway, 'ashlar_store_live_bytes_now')
  ok(bytes >= written * 4096)
  return bytes
}

test('a scrub of a healthy cell reads everything and finds nothing', async () => {
  const { code, output } = await ashlar('scrub')
  is(code, 0, output)
  const all = formatBytes(await liveBytes())
  match(output, new RegExp(`^${node()} +\\S+/disk +finished +${all} +${all} `, 'm'))
})

test('a scrub that is asked for while its gateway is away begins when it is back', async () => {
  await cluster.killGateway(volume.gateway)
  is((await ashlar('scrub', '--no-wait', '--node', node())).code, 0)
  await cluster.startGateway(volume.gateway)
  const { body } = await cluster.waitFor(
    `/v1/scrubs?node=${node()}`,
    (answer) => answer.body.items[0]?.state === 'finished' && answer.body.items[0].request === 2,
  )
  is(body.items[0].readBytes, await liveBytes())
})

test('a block that rotted is found, counted, and named with its volume', async () => {
  rot(pattern(rotten + 1))
  const { code, output } = await ashlar('scrub', '--rate', '0')
  is(code, 1, output)
  match(output, new RegExp(`ashlar: Damaged blocks: 1, on \\S+/disk on node ${node()}\\.`))
  const { body } = await cluster.api('GET', `/v1/scrubs?node=${node()}`)
  is(body.items.length, 1)
  is(body.items[0].damagedBlocks, 1)
  is(body.items[0].state, 'finished')
  match(cluster.controlLogs(), new RegExp(`Block ${rotten} of volume \\d+ came back damaged`))
  const blocks = (await liveBytes()) / 4096
  match(
    cluster.logs(volume.gateway),
    `a scrub has read everything: ${blocks} blocks were read, 1 are`,
  )
})

test('the host has a medium error for exactly that block', async () => {
  const host = await volume.connect()
  for (let block = 0; block < written; block += 1) {
    const read = await host.read(block, 1).catch((error: Error) => error)
    if (block === rotten) match(String(read), /NVMe status 0x\w*281/)
    else ok((read as Buffer).equals(pattern(block + 1)), `block ${block}`)
  }
  host.close()
  const { body } = await cluster.api('GET', `/v1/nodes/${node()}`)
  is(body.health, 'alive')
  is(body.devices[0].failed, false)
})

test('a rewrite of the block clears it', async () => {
  const host = await volume.connect()
  await host.write(rotten, pattern(500))
  equal((await host.read(rotten, 1)).equals(pattern(500)), true)
  host.close()
  const { code, output } = await ashlar('scrub')
  is(code, 0, output)
  not.match(output, /damaged/)
})

test.run()
