/** Gets a node with its health and its room. */
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import type { NodeBody } from '../http/schemas/node.ts'
import { readCandidate } from '../model/candidates.ts'
import { isNodeName } from '../model/node.ts'
import { presentNode } from '../present/present-node.ts'

export async function getNode(control: Control, name: string): Promise<NodeBody> {
  const candidate = isNodeName(name) ? await readCandidate(control, name) : undefined
  if (!candidate) throw new ControlError('NODE_NOT_FOUND', `There is no node ${name}.`)
  return presentNode(control, candidate)
}
