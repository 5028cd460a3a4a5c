/**
 * Runs pieces of work one after the other.
 *
 * It keeps the requests of one process from making each other's compare-and-swap fail; the swap
 * still guards against other processes.
 */
import { ControlError } from './errors.ts'

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>

const waitingMax = 1000

export function createInTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return async (work) => {
    if (waiting >= waitingMax)
      throw new ControlError('RATE_LIMITED', `${waitingMax} requests wait for their turn already.`)
    waiting++
    const turn = last.then(work).finally(() => {
      waiting--
    })
    last = turn.catch(() => undefined)
    return turn
  }
}
