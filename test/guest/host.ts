/** A booted guest and a cell that it reaches, and what tests do with the two. */
import type { AttachmentBody } from '../../control/http/schemas/attachment.ts'
import type { VolumeBody } from '../../control/http/schemas/volume.ts'
import { type Cluster, type ClusterOptions, startCluster } from '../support/cluster.ts'
import { bootGuest, type Guest, type GuestOptions, hostAddress } from './guest.ts'

export const MiB = 2 ** 20

export interface AttachedVolume {
  readonly volume: VolumeBody
  readonly attachment: AttachmentBody
}

export interface Rig {
  readonly guest: Guest
  readonly cluster: Cluster
  /** A new volume, attached to the guest or to the host that is named. */
  attach(name: string, sizeBytes: number, hostNqn?: string): Promise<AttachedVolume>
  /** Runs the attachment's own connect command, with more options; answers with the device. */
  connect(attachment: AttachmentBody, options?: string): Promise<string>
  disconnect(attachment: AttachmentBody): Promise<void>
  /** Where the attachment's gateway is among the cluster's. */
  gatewayOf(attachment: AttachmentBody): number
  /** Unmounts and disconnects everything. */
  tidyUp(): Promise<void>
  close(): Promise<void>
}

/** Requires the network of `enterOwnNetwork`. */
export async function createRig(
  guestOptions: GuestOptions = {},
  clusterOptions: ClusterOptions = {},
): Promise<Rig> {
  // A guest that does not boot ends the process; a cluster that does not start is an error.
  const starting = startCluster({ address: hostAddress, gateways: 2, ...clusterOptions })
  const [guest, [started]] = await Promise.all([
    bootGuest(guestOptions),
    Promise.allSettled([starting]),
  ])
  if (started.status === 'fulfilled') return assemble(guest, started.value)
  await guest.close()
  throw started.reason
}

function assemble(guest: Guest, cluster: Cluster): Rig {
  return {
    guest,
    cluster,
    attach: (name, sizeBytes, hostNqn = guest.hostNqn) => attach(cluster, name, sizeBytes, hostNqn),
    async connect(attachment, options = '') {
      await guest.run(`${attachment.connectCommand} ${options}`)
      return await guest.run(`${deviceScript(attachment.subsystemNqn)}`).then((path) => path.trim())
    },
    async disconnect({ subsystemNqn }) {
      await guest.run(`nvme disconnect -n ${subsystemNqn}`)
    },
    gatewayOf: ({ node }) => cluster.gateways.findIndex(({ name }) => name === node),
    async tidyUp() {
      await guest.attempt('umount /mnt/* 2>/dev/null; nvme disconnect-all')
    },
    async close() {
      await guest.close()
      await cluster.close()
    },
  }
}

async function attach(
  cluster: Cluster,
  name: string,
  sizeBytes: number,
  hostNqn: string,
): Promise<AttachedVolume> {
  const created = await cluster.api('POST', '/v1/volumes', { name, sizeBytes })
  if (created.status !== 201) throw new Error(JSON.stringify(created))
  const isAvailable = (answer: { body: VolumeBody }) => answer.body.state === 'available'
  await cluster.waitFor(`/v1/volumes/${name}`, isAvailable)
  const made = await cluster.api('POST', '/v1/attachments', { volume: name, hostNqn })
  if (made.status !== 201) throw new Error(JSON.stringify(made))
  const isAttached = (answer: { body: AttachmentBody }) => answer.body.state === 'attached'
  const { body } = await cluster.waitFor(`/v1/attachments/${made.body.id}`, isAttached)
  const volume = (await cluster.api('GET', `/v1/volumes/${name}`)).body
  return { volume, attachment: body }
}

/** Prints the block device of a connected subsystem, once it is there. */
function deviceScript(subsystemNqn: string): string {
  return `
    for attempt in $(seq 100); do
      for subsystem in /sys/class/nvme-subsystem/nvme-subsys*; do
        [ "$(cat "$subsystem/subsysnqn" 2>/dev/null)" = '${subsystemNqn}' ] || continue
        for name in $(cd "$subsystem" && ls -d nvme*n* nvme*/nvme*n* 2>/dev/null); do
          name=\${name##*/}
          [ ! -b "/dev/$name" ] || { echo "/dev/$name"; exit 0; }
        done
      done
      sleep 0.1
    done
    echo 'no device for ${subsystemNqn}' >&2
    dmesg | tail -20 >&2
    exit 1`
}

/** The kernel's complaints about NVMe and the file systems on it, since the boot. */
export async function complaints(guest: Guest): Promise<string> {
  const pattern = 'I/O error|nvme.*(timeout|error|identifiers changed)|EXT4-fs error'
  return await guest.run(`dmesg | grep -E '${pattern}|XFS.*(corrupt|error)' || true`)
}
