/** A volume of a cluster, made and attached over the API for the load generator. */
import type { Cluster } from '../test/support/cluster.ts'
import { loadHostNqn } from './setting.ts'
import type { LoadTarget } from './target.ts'

export interface VolumeWish {
  readonly name: string
  readonly sizeBytes: number
  readonly copies: number
}

export async function attachVolume(cluster: Cluster, volume: VolumeWish): Promise<LoadTarget> {
  await expectCreated(cluster.api('POST', '/v1/volumes', volume))
  await cluster.waitFor(`/v1/volumes/${volume.name}`, ({ body }) => body.state === 'available')
  const attachment = { volume: volume.name, hostNqn: loadHostNqn }
  const { id } = await expectCreated(cluster.api('POST', '/v1/attachments', attachment))
  const path = `/v1/attachments/${id}`
  const { body } = await cluster.waitFor(path, ({ body }) => body.state === 'attached')
  const [{ address, port }] = body.addresses
  return { address, port, subsystem: body.subsystemNqn }
}

async function expectCreated(answer: ReturnType<Cluster['api']>): Promise<{ id: string }> {
  const { status, body } = await answer
  if (status === 201 || status === 202) return body
  throw new Error(`The API answered ${status}: ${JSON.stringify(body)}`)
}
