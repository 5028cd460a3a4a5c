/** Lists the scrub of each device, by node. */
import type { Control } from '../control.ts'
import type { ScrubListBody, ScrubQuery } from '../http/schemas/scrub.ts'
import { listRecords } from '../model/record.ts'
import { type ScrubRequest, scrubRequestKind } from '../model/scrub-request.ts'
import { presentScrub } from '../present/present-scrub.ts'
import { nodeFault } from '../reconcile/node-fault.ts'
import { scrubbedNodes } from './scrubbed-nodes.ts'

/** `asked` is what has just been asked of each node, when it has. */
export async function listScrubs(
  control: Control,
  { node }: ScrubQuery,
  asked?: ScrubRequest,
): Promise<ScrubListBody> {
  const [nodes, requests] = await Promise.all([
    scrubbedNodes(control, node),
    listRecords(control.store, scrubRequestKind),
  ])
  const requestOf = new Map(
    requests.map(({ key, value }) => [key.slice(scrubRequestKind.prefix.length), value]),
  )
  const items = nodes.flatMap(({ name, devices }) => {
    const reason = nodeFault(control.fleet, name, devices)
    const request = asked ?? requestOf.get(name)
    return devices.map((device) => presentScrub(name, device, request, reason))
  })
  return { items }
}
