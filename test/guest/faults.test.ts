/** Faults around a Linux host: a gateway that dies, a right that ends, a list that changes. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { told } from '../support/told.ts'
import { complaints, createRig, MiB, type Rig } from './host.ts'
import { enterOwnNetwork } from './own-network.ts'

await enterOwnNetwork(import.meta.url)

let rig: Rig

test.before(
  told(async () => {
    rig = await createRig({ processors: 2 })
  }),
)
test.after(() => rig?.close())
// What a failed test leaves behind is nothing to the next.
test.after.each(() => rig?.tidyUp())

test('a host that the volume is not attached to is refused at once', async () => {
  const { guest, attach } = rig
  const { attachment } = await attach('foreign', 64 * MiB, `${guest.hostNqn.slice(0, -4)}cafe`)
  const command = attachment.connectCommand.replace(attachment.hostNqn, guest.hostNqn)
  const refused = await guest.attempt(command)
  assert.not(refused.status === 0)
  assert.is(await guest.run('ls /sys/class/nvme'), '')
})

test('connect-all connects what discovery lists', async () => {
  const { guest, cluster, attach, gatewayOf } = rig
  const { attachment } = await attach('all', 64 * MiB)
  const { discoveryPort } = cluster.gateways[gatewayOf(attachment)] ?? {}
  await guest.run(`nvme connect-all -t tcp -a ${cluster.address} -s ${discoveryPort}`)
  const connected = await guest.run('cat /sys/class/nvme-subsystem/*/subsysnqn')
  assert.is(connected.trim(), attachment.subsystemNqn)
  await guest.run('nvme disconnect-all')
})

test('a host that keeps a discovery controller hears of new volumes', async () => {
  const { guest, cluster, attach } = rig
  await guest.run(`mount -t tracefs tracefs /sys/kernel/tracing
    echo 1 >/sys/kernel/tracing/events/nvme/nvme_async_event/enable`)
  for (const { discoveryPort } of cluster.gateways) {
    const arguments_ = `-t tcp -a ${cluster.address} -s ${discoveryPort} --keep-alive-tmo=30`
    await guest.run(`nvme discover ${arguments_} --persistent >/dev/null`)
  }
  await attach('news', 64 * MiB)
  const heard = await guest.run(`for attempt in $(seq 100); do
      grep nvme_async_event: /sys/kernel/tracing/trace && exit 0
      sleep 0.1
    done
    exit 1`)
  // Notice, discovery log page change, log page 70h.
  assert.match(heard, /NVME_AEN=0x0*70f002/i)
  await guest.run('nvme disconnect-all')
})

test('a gateway killed under verified writes loses nothing, and the host comes back', async () => {
  const { guest, cluster, attach, connect, disconnect, gatewayOf } = rig
  const { attachment } = await attach('survivor', 64 * MiB)
  const device = await connect(attachment)
  const gateway = gatewayOf(attachment)
  const verified = guest.run(
    // Linux sends SIGPIPE to the one whose write finds the connection closed.
    `trap '' PIPE
    fio --name=survive --filename=${device} --direct=1 --ioengine=libaio --iodepth=8 \\
      --rw=randwrite --bs=4k --size=64M --io_size=12M --rate_iops=300 \\
      --verify=crc32c --verify_fatal=1 --do_verify=1`,
    240,
  )
  for (let kill = 0; kill < 2; kill += 1) {
    await guest.run(`until [ "$(awk '{print $5}' /sys/block/${device.slice(5)}/stat)" \\
      -gt ${200 + 1000 * kill} ]; do sleep 0.1; done`)
    await cluster.killGateway(gateway)
    await cluster.startGateway(gateway)
  }
  await verified
  assert.not.match(await complaints(guest), /I\/O error|identifiers changed/)
  await disconnect(attachment)
})

test('a host with two connections to a volume goes on when one of them ends', async () => {
  const { guest, attach, connect, disconnect } = rig
  const { attachment } = await attach('twice', 64 * MiB)
  const device = await connect(attachment)
  // nvme-cli 2.3 calls it connected already, whatever --duplicate-connect says.
  const { subsystemNqn, addresses } = attachment
  const address = `traddr=${addresses[0]?.address},trsvcid=${addresses[0]?.port}`
  const names = `nqn=${subsystemNqn},hostnqn=${guest.hostNqn},hostid=$(cat /etc/nvme/hostid)`
  await guest.run(`echo "transport=tcp,${address},${names},duplicate_connect" >/dev/nvme-fabrics`)
  const controllers = await guest.run('ls /sys/class/nvme')
  const [first] = controllers.trim().split(/\s+/)
  assert.is(controllers.trim().split(/\s+/).length, 2)
  const verified = guest.run(
    `fio --name=twice --filename=${device} --direct=1 --ioengine=libaio --iodepth=4 \\
      --rw=randwrite --bs=4k --size=64M --io_size=8M --rate_iops=500 \\
      --verify=crc32c --verify_fatal=1 --do_verify=1`,
    240,
  )
  await guest.run(
    `until [ "$(awk '{print $5}' /sys/block/${device.slice(5)}/stat)" -gt 200 ]; do
      sleep 0.1
    done
    nvme disconnect -d ${first}`,
    120,
  )
  await verified
  await disconnect(attachment)
})

test('a host whose attachment is taken away stops trying', async () => {
  const { guest, cluster, attach, connect } = rig
  const { attachment } = await attach('taken', 64 * MiB)
  const device = await connect(attachment)
  await cluster.api('DELETE', `/v1/attachments/${attachment.id}`)
  await cluster.waitFor(`/v1/attachments/${attachment.id}`, ({ status }) => status === 404)
  await guest.run(
    `for attempt in $(seq 300); do
      [ -n "$(ls /sys/class/nvme)" ] || exit 0
      sleep 0.1
    done
    cat /sys/class/nvme/*/state; dmesg | tail; exit 1`,
    60,
  )
  assert.is((await guest.attempt(`test -b ${device}`)).status, 1)
})

test.run()
