/** What every metadata store has to do; each implementation's test runs it. */
import { suite } from 'uvu'
import { addLeases } from './suite/leases.ts'
import { addLife } from './suite/life.ts'
import { addLimits } from './suite/limits.ts'
import { addRanges } from './suite/ranges.ts'
import { addRevisions } from './suite/revisions.ts'
import type { Context, StoreFactory } from './suite/support.ts'
import { addTransactions } from './suite/transactions.ts'
import { addWatches, addWatchLife } from './suite/watches.ts'

export function runMetadataSuite(name: string, factory: StoreFactory): void {
  const test = suite<Context>(`${name}: metadata store`)
  // A store does not keep the process alive by itself, not even for a lease that is due.
  let awake: NodeJS.Timeout
  test.before(() => {
    awake = setInterval(() => {}, 1000)
  })
  test.after(() => clearInterval(awake))
  test.before.each(async (context) => {
    context.location = await factory.createLocation()
    context.store = await factory.open(context.location)
  })
  test.after.each(({ store }) => store.close())
  addRevisions(test)
  addTransactions(test)
  addLimits(test)
  addRanges(test)
  addWatches(test)
  addWatchLife(test)
  addLeases(test)
  addLife(test, factory)
  test.run()
}
