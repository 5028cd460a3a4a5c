/** A volume of a test cluster, created and attached, and the way to it for a host. */
import type { Cluster } from '../support/cluster.ts'
import { connectHost, type NvmeHost } from '../support/nvme-host.ts'

export interface AttachedVolume {
  readonly id: string
  readonly copies: number
  readonly attachmentId: string
  /** The index of the gateway that serves it. */
  readonly gateway: number
  readonly target: { readonly address: string; readonly port: number; readonly subsystem: string }
  connect(): Promise<NvmeHost>
}

export const hostNqn = 'nqn.2014-08.org.nvmexpress:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427'

export async function attachVolume(
  cluster: Cluster,
  name: string,
  sizeBytes = 256 * 2 ** 20,
): Promise<AttachedVolume> {
  const { body: volume } = await cluster.api('POST', '/v1/volumes', { name, sizeBytes })
  await cluster.waitFor(`/v1/volumes/${volume.id}`, ({ body }) => body.state === 'available')
  const created = await cluster.api('POST', '/v1/attachments', { volume: name, hostNqn })
  const { body: attachment } = await cluster.waitFor(
    `/v1/attachments/${created.body.id}`,
    ({ body }) => body.state === 'attached',
  )
  const { subsystemNqn } = attachment
  const gateway = cluster.gateways.findIndex(({ name: node }) => node === attachment.node)
  const { address, port } = attachment.addresses[0]
  return {
    id: volume.id,
    copies: volume.copies,
    attachmentId: attachment.id,
    gateway,
    target: { address, port, subsystem: subsystemNqn },
    connect: () => connectHost({ address, port, subsystemNqn, hostNqn }),
  }
}

/** Bytes that differ from block to block and from seed to seed. */
export function pattern(seed: number, blockCount = 1): Buffer {
  const data = Buffer.alloc(blockCount * 4096)
  for (let index = 0; index < data.length; index += 4)
    data.writeUInt32LE((Math.imul(seed + 1, 2_654_435_761) + index) >>> 0, index)
  return data
}
