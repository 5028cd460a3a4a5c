/** The nodes that a request for scrubs is about: one, or all of them. */
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import { type Candidate, readCandidate, readCandidates } from '../model/candidates.ts'
import { isNodeName } from '../model/node.ts'

export async function scrubbedNodes(control: Control, name?: string): Promise<Candidate[]> {
  if (name === undefined) return readCandidates(control)
  const found = isNodeName(name) ? await readCandidate(control, name) : undefined
  if (!found) throw new ControlError('NODE_NOT_FOUND', `There is no node ${name}.`, '/node')
  return [found]
}
