/** A volume as a Linux host finds, names and uses it: one boot, one volume after the other. */
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { told } from '../support/told.ts'
import { complaints, createRig, MiB, type Rig } from './host.ts'
import { enterOwnNetwork } from './own-network.ts'

await enterOwnNetwork(import.meta.url)

let rig: Rig

test.before(
  told(async () => {
    rig = await createRig({ processors: 4 })
  }),
)
test.after(() => rig?.close())
// What a failed test leaves behind is nothing to the next.
test.after.each(() => rig?.tidyUp())

test('every gateway lists the volumes attached to a host, and no others', async () => {
  const { guest, cluster, attach } = rig
  const own = await attach('own', 64 * MiB)
  const other = await attach('other', 64 * MiB, `${guest.hostNqn.slice(0, -4)}cafe`)
  const home = cluster.gateways[rig.gatewayOf(own.attachment)]
  for (const { discoveryPort } of cluster.gateways) {
    // What is attached comes to all gateways soon, not at once.
    const records = JSON.parse(
      await guest.run(`for attempt in $(seq 50); do
        nvme discover -t tcp -a ${cluster.address} -s ${discoveryPort} -o json >/tmp/log
        ! grep -q ${own.volume.subsystemNqn} /tmp/log || break
        sleep 0.2
      done
      cat /tmp/log`),
    ).records as Record<string, string>[]
    const found = records.filter(({ subnqn }) => subnqn === own.volume.subsystemNqn)
    assert.is(found.length, 1)
    assert.is(found[0]?.['trtype'], 'tcp')
    assert.is(found[0]?.['traddr'], cluster.address)
    assert.is(found[0]?.['trsvcid'], String(home?.ioPort))
    assert.not(records.some(({ subnqn }) => subnqn === other.volume.subsystemNqn))
  }
})

test('the device has the size and the names of the volume', async () => {
  const { guest, attach, connect, disconnect } = rig
  const { volume, attachment } = await attach('named', 64 * MiB)
  const device = await connect(attachment)
  const name = device.replace('/dev/', '')
  const size = await guest.run(`blockdev --getsize64 ${device}`)
  assert.is(Number(size), 64 * MiB)
  assert.is((await guest.run(`cat /sys/block/${name}/uuid`)).trim(), volume.uuid)
  const nguid = (await guest.run(`cat /sys/block/${name}/nguid`)).trim()
  assert.is(nguid.replaceAll('-', ''), volume.uuid.replaceAll('-', ''))
  assert.is((await guest.run(`blockdev --getss --getpbsz ${device}`)).trim(), '4096\n4096')
  const controller = JSON.parse(await guest.run(`nvme id-ctrl ${device} -o json`))
  assert.is(controller.sn.trim(), volume.id)
  assert.match(controller.mn, /^Ashlar /)
  assert.is(controller.subnqn, volume.subsystemNqn)
  const list = JSON.parse(await guest.run('nvme list -o json'))
  const listed = list.Devices.find(
    ({ DevicePath }: { DevicePath: string }) => DevicePath === device,
  )
  assert.is(listed.PhysicalSize, 64 * MiB)
  await disconnect(attachment)
  const left = await guest.attempt(`test -b ${device}`)
  assert.is(left.status, 1)
})

test("the administrator's tools read what they ask for, and a reset is survived", async () => {
  const { guest, attach, connect, disconnect } = rig
  const { attachment } = await attach('tools', 64 * MiB)
  const device = await connect(attachment)
  const controller = device.replace(/n\d+$/, '')
  await guest.run(`set -e
    nvme smart-log ${controller} && nvme error-log ${controller} && nvme fw-log ${controller}
    nvme effects-log ${controller} && nvme changed-ns-list-log ${controller}
    nvme list-ns ${controller} && nvme id-ns ${device} && nvme ns-descs ${device}
    nvme get-feature ${controller} -f 7
    nvme list-subsys ${device}`)
  await guest.run(`head -c 4096 /dev/urandom >/tmp/block
    dd if=/tmp/block of=${device} bs=4096 oflag=direct
    nvme reset ${controller} && cmp -n 4096 /tmp/block ${device}`)
  await disconnect(attachment)
})

test('it is partitioned, formatted, mounted, filled and trimmed, with ext4 and xfs', async () => {
  const { guest, cluster, attach, connect, disconnect } = rig
  const { attachment } = await attach('files', 704 * MiB)
  const device = await connect(attachment)
  await guest.run(`printf ',320M,L\\n,,L\\n' | sfdisk -q --no-reread --no-tell-kernel ${device}
    blockdev --rereadpt ${device}; sleep 0.5; ls ${device}p1 ${device}p2`)
  const node = `/v1/nodes/${attachment.node}`
  const used = async () => (await cluster.api('GET', node)).body.devices[0].liveBytes as number
  for (const [part, make, check] of [
    ['p1', 'mkfs.ext4 -q', 'e2fsck -fn'],
    ['p2', 'mkfs.xfs -q', 'xfs_repair -n'],
  ]) {
    await guest.run(`${make} ${device}${part} && mkdir -p /mnt/${part}`, 120)
    await guest.run(
      `set -e
      mount ${device}${part} /mnt/${part}
      head -c 24M /dev/urandom >/mnt/${part}/data && sync
      sha256sum /mnt/${part}/data >/tmp/${part}.sum
      umount /mnt/${part} && ${check} ${device}${part}
      mount ${device}${part} /mnt/${part} && sha256sum -c /tmp/${part}.sum`,
      180,
    )
    const before = await used()
    const trimmed = await guest.run(`rm /mnt/${part}/data && sync && fstrim -v /mnt/${part}`, 120)
    assert.match(trimmed, /bytes\) trimmed/)
    const isFreed = (answer: { body: { devices: { liveBytes: number }[] } }) =>
      (answer.body.devices[0]?.liveBytes ?? 0) <= before - 20 * MiB
    await cluster.waitFor(node, isFreed)
    await guest.run(`umount /mnt/${part}`)
  }
  await disconnect(attachment)
})

test('random writes of many sizes are read back as written', async () => {
  const { attach, connect, disconnect } = rig
  const { attachment } = await attach('fio', 64 * MiB)
  const device = await connect(attachment)
  await verify(device, 'rw=randwrite', 'bsrange=4k-128k', 'iodepth=16', 'size=24M')
  await disconnect(attachment)
})

test('discarded and zeroed ranges read as zeroes, and compare tells blocks apart', async () => {
  const { guest, attach, connect, disconnect } = rig
  const { attachment } = await attach('zeroes', 64 * MiB)
  const device = await connect(attachment)
  const fill = `dd if=/dev/urandom of=${device} bs=1M count=8 oflag=direct status=none`
  const isZero = (offset: string, bytes: string) =>
    guest.run(`blockdev --flushbufs ${device}
      cmp -n ${bytes} ${device} /dev/zero -i $((${offset})):0`)
  await guest.run(`${fill} && blkdiscard -o 1M -l 2M ${device}`)
  await isZero('1*1024*1024', '2097152')
  await guest.run(`${fill} && blkdiscard -z -o 4096 -l 3M ${device}`)
  await isZero('4096', '3145728')
  assert.is((await guest.attempt(`cmp -n 4096 ${device} /dev/zero`)).status, 1)

  const blocks = '--start-block=0 --block-count=1 --data-size=8192'
  await guest.run(`dd if=${device} of=/tmp/same bs=4096 count=2 iflag=direct status=none
    cp /tmp/same /tmp/other && printf x | dd of=/tmp/other bs=1 seek=5000 conv=notrunc status=none`)
  await guest.run(`nvme compare ${device} ${blocks} --data=/tmp/same`)
  const differs = await guest.attempt(`nvme compare ${device} ${blocks} --data=/tmp/other`)
  assert.not(differs.status === 0)
  assert.match(differs.output, /compare/i)
  await guest.run(`nvme write-zeroes ${device} -s 0 -c 1 && nvme flush ${device} -n 1`)
  await isZero('0', '8192')
  await guest.run(`${fill} && nvme dsm ${device} -n 1 -d -s 2 -b 3 && blkdiscard ${device}`)
  await isZero('0', '67108864')
  await disconnect(attachment)
})

test('a mounted volume grows while it is used, without reconnecting', async () => {
  const { guest, cluster, attach, connect, disconnect } = rig
  const { volume, attachment } = await attach('grows', 64 * MiB)
  const device = await connect(attachment)
  await guest.run(
    `mkfs.ext4 -q ${device} && mkdir -p /mnt/grows && mount ${device} /mnt/grows
    head -c 4M /dev/urandom >/mnt/grows/data && sha256sum /mnt/grows/data >/tmp/grows.sum`,
    120,
  )
  const change = { sizeBytes: 160 * MiB }
  const grown = await cluster.api('PATCH', `/v1/volumes/${volume.id}`, change)
  assert.is(grown.status, 200)
  await guest.run(`for attempt in $(seq 100); do
      [ "$(blockdev --getsize64 ${device})" != ${160 * MiB} ] || exit 0
      sleep 0.2
    done
    exit 1`)
  await guest.run(
    `resize2fs ${device} && head -c 80M /dev/zero >/mnt/grows/more && sync
    sha256sum -c /tmp/grows.sum && umount /mnt/grows && e2fsck -fn ${device}`,
    180,
  )
  await disconnect(attachment)
})

test('the ashlar command attaches, connects and detaches on the host itself', async () => {
  const { guest, cluster } = rig
  await cluster.api('POST', '/v1/volumes', { name: 'command', sizeBytes: 64 * MiB })
  const program = fileURLToPath(new URL('../../control/cli/ashlar.mjs', import.meta.url))
  const ashlar = `${program} --api ${cluster.apiUrl}`
  const attached = await guest.run(`${ashlar} attach command 2>/dev/null`, 120)
  const device = /^command is (\/dev\/nvme\d+n\d+)\n$/.exec(attached)?.[1]
  assert.ok(device, attached)
  // Each run takes an emulated machine some twenty seconds.
  await guest.run(`${ashlar} detach command`, 120)
  assert.is((await guest.attempt(`test -b ${device}`)).status, 1)
})

test('digests and one or four queues carry the same bytes', async () => {
  const { guest, attach, connect, disconnect } = rig
  const { attachment } = await attach('queues', 64 * MiB)
  for (const [options, queues] of [
    ['--hdr-digest --data-digest --nr-io-queues=1', 1],
    ['--nr-io-queues=4', 4],
    ['--hdr-digest --nr-io-queues=4', 4],
  ] as const) {
    const device = await connect(attachment, options)
    const controllers = `/sys/class/nvme-subsystem/*/nvme*/queue_count`
    const count = await guest.run(`cat ${controllers}`)
    // The admin queue is counted too.
    assert.is(Number(count), queues + 1, options)
    await verify(device, 'rw=randwrite', 'bsrange=4k-64k', 'iodepth=8', 'size=8M')
    await disconnect(attachment)
  }
})

test('the kernel had nothing to complain about', async () => {
  assert.is(await complaints(rig.guest), '')
})

/** fio writes, then reads every block back and compares checksums. */
async function verify(device: string, ...settings: string[]): Promise<void> {
  const words = settings.map((setting) => `--${setting}`).join(' ')
  const always = '--direct=1 --ioengine=libaio --verify=crc32c --verify_fatal=1 --do_verify=1'
  await rig.guest.run(`fio --name=verify --filename=${device} ${always} ${words}`, 180)
}

test.run()
