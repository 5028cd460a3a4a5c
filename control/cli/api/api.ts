/** The API as functions, typed by the schemas it is served with. */
import { randomUUID } from 'node:crypto'
import type {
  AttachmentBody,
  AttachmentCreateBody,
  AttachmentListBody,
} from '../../http/schemas/attachment.ts'
import type { NodeBody, NodeListBody } from '../../http/schemas/node.ts'
import type { ScrubBody, ScrubCreateBody, ScrubListBody } from '../../http/schemas/scrub.ts'
import type { StatusBody } from '../../http/schemas/status.ts'
import type {
  VolumeBody,
  VolumeChangeBody,
  VolumeCreateBody,
  VolumeListBody,
} from '../../http/schemas/volume.ts'
import { type ApiRequest, connectTo, type Send } from './request.ts'

export interface VolumeFilter {
  readonly state?: string
  readonly label?: readonly string[]
}

export interface AttachmentFilter {
  readonly volume?: string
  readonly hostNqn?: string
  readonly state?: string
}

export interface NodeFilter {
  readonly rack?: string
  readonly health?: string
}

export interface ScrubFilter {
  readonly node?: string
}

export interface Api {
  listVolumes(filter?: VolumeFilter): Promise<VolumeBody[]>
  createVolume(body: VolumeCreateBody): Promise<VolumeBody>
  getVolume(volume: string): Promise<VolumeBody>
  changeVolume(volume: string, change: VolumeChangeBody): Promise<VolumeBody>
  deleteVolume(volume: string): Promise<VolumeBody>
  listAttachments(filter?: AttachmentFilter): Promise<AttachmentBody[]>
  createAttachment(body: AttachmentCreateBody): Promise<AttachmentBody>
  getAttachment(attachment: string): Promise<AttachmentBody>
  deleteAttachment(attachment: string): Promise<AttachmentBody>
  listNodes(filter?: NodeFilter): Promise<NodeBody[]>
  getNode(node: string): Promise<NodeBody>
  drainNode(node: string): Promise<NodeBody>
  undrainNode(node: string): Promise<NodeBody>
  getStatus(): Promise<StatusBody>
  listScrubs(filter?: ScrubFilter): Promise<readonly ScrubBody[]>
  startScrubs(body: ScrubCreateBody): Promise<readonly ScrubBody[]>
  stopScrubs(filter?: ScrubFilter): Promise<readonly ScrubBody[]>
}

export function createApi(apiUrl: string): Api {
  const send = connectTo(apiUrl)
  const volume = (name: string) => `/volumes/${encodeURIComponent(name)}`
  const node = (name: string) => `/nodes/${encodeURIComponent(name)}`
  const attachment = (id: string) => `/attachments/${encodeURIComponent(id)}`
  const scrubs = async (request: Omit<ApiRequest, 'path'>) =>
    (await send<ScrubListBody>({ ...request, path: '/scrubs' })).items
  return {
    listVolumes: (filter) => all<VolumeListBody, VolumeBody>(send, '/volumes', { ...filter }),
    createVolume: (body) => create(send, '/volumes', body),
    getVolume: (name) => send({ method: 'GET', path: volume(name) }),
    changeVolume: (name, body) => send({ method: 'PATCH', path: volume(name), body }),
    deleteVolume: (name) => send({ method: 'DELETE', path: volume(name) }),
    listAttachments: (filter) =>
      all<AttachmentListBody, AttachmentBody>(send, '/attachments', { ...filter }),
    createAttachment: (body) => create(send, '/attachments', body),
    getAttachment: (id) => send({ method: 'GET', path: attachment(id) }),
    deleteAttachment: (id) => send({ method: 'DELETE', path: attachment(id) }),
    listNodes: (filter) => all<NodeListBody, NodeBody>(send, '/nodes', { ...filter }),
    getNode: (name) => send({ method: 'GET', path: node(name) }),
    drainNode: (name) => send({ method: 'POST', path: `${node(name)}/drain` }),
    undrainNode: (name) => send({ method: 'POST', path: `${node(name)}/undrain` }),
    getStatus: () => send({ method: 'GET', path: '/status' }),
    listScrubs: (filter) => scrubs({ method: 'GET', query: { ...filter } }),
    startScrubs: (body) => scrubs({ method: 'POST', body, idempotencyKey: randomUUID() }),
    stopScrubs: (filter) => scrubs({ method: 'DELETE', query: { ...filter } }),
  }
}

const create = <T>(send: Send, path: string, body: unknown): Promise<T> =>
  send({ method: 'POST', path, body, idempotencyKey: randomUUID() })

interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}

const pageItems = '1000'

/** Every page of a list. */
async function all<P extends Page<T>, T>(
  send: Send,
  path: string,
  filter: NonNullable<ApiRequest['query']>,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const query = { ...filter, limit: pageItems, cursor }
    const page: P = await send({ method: 'GET', path, query })
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return items
}
