/**
 * What theory says about the write amplification of a log that is cleaned.
 *
 * Oldest segment first ("LRU"), one place for hosts' and moved blocks, a page chosen independently
 * for each write: P. Desnoyers, "Analytic Modeling of SSD Write Performance", SYSTOR 2012. For
 * uniform writes to segments of many pages, choosing the emptiest comes to the same (W. Bux and
 * I. Iliadis, "Performance of greedy garbage collection in flash-based solid-state drives", 2010).
 */

/** Pages written with the same frequency. */
export interface PageClass {
  readonly pages: number
  /** Of all writes, those that go to this class. */
  readonly share: number
}

export const zipfTheta = 0.99

export function uniformPages(pages: number): PageClass[] {
  return [{ pages, share: 1 }]
}

/** Ranks of about equal frequency together, the hottest ones alone. */
export function zipfPages(pages: number): PageClass[] {
  const classes: { pages: number; weight: number }[] = []
  let first = 1
  while (first <= pages) {
    const last = Math.min(pages, Math.max(first, Math.floor(first * 1.02)))
    let weight = 0
    for (let rank = first; rank <= last; rank++) weight += rank ** -zipfTheta
    classes.push({ pages: last - first + 1, weight })
    first = last + 1
  }
  const sum = classes.reduce((total, { weight }) => total + weight, 0)
  return classes.map(({ pages, weight }) => ({ pages, share: weight / sum }))
}

/**
 * A place of the log is written anew each time w writes of hosts have gone by, as T places are one
 * round of the log. A page of frequency p is written again by its host, or moved when w writes have
 * passed it by, so its copies follow each other after (1 - e^(-p w)) / p writes on average:
 *
 *   T = w * sum of p / (1 - e^(-p w)),   amplification = T / w
 *
 * For uniform writes this is the known x = e^(-(1 - x) / u), amplification = 1 / (1 - x).
 */
export function lruAmplification(classes: readonly PageClass[], places: number): number {
  const roundOf = (writes: number) => writes * copiesPerWrite(classes, writes)
  let low = 1e-9 * places
  let high = places
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2
    if (roundOf(middle) < places) low = middle
    else high = middle
  }
  return places / high
}

function copiesPerWrite(classes: readonly PageClass[], writes: number): number {
  return classes.reduce((sum, { pages, share }) => {
    const expected = (share / pages) * writes
    return sum + share / -Math.expm1(-expected)
  }, 0)
}

/**
 * The same when each class has a log of its own and the spare places are divided as well as can be:
 * what knowing every page's frequency would give. Places go, bit by bit, where they save most.
 */
export function separatedAmplification(classes: readonly PageClass[], places: number): number {
  const merged = mergeInto(16, classes)
  const pages = merged.reduce((sum, group) => sum + group.pages, 0)
  const steps = 2000
  const bit = (places - pages) / (steps + merged.length)
  const costOf = ({ pages, share }: PageClass, held: number) =>
    share * lruAmplification(uniformPages(pages), held)
  const logs = merged.map((group) => {
    const held = group.pages + bit
    const cost = costOf(group, held)
    return { group, held, cost, next: costOf(group, held + bit) }
  })
  for (let step = 0; step < steps; step++) {
    const log = logs.reduce((best, log) =>
      log.cost - log.next > best.cost - best.next ? log : best,
    )
    log.held += bit
    log.cost = log.next
    log.next = costOf(log.group, log.held + bit)
  }
  return logs.reduce((sum, { cost }) => sum + cost, 0)
}

/** Neighbours together until there are at most `count`, each with a similar share of the writes. */
function mergeInto(count: number, classes: readonly PageClass[]): PageClass[] {
  const merged: { pages: number; share: number }[] = []
  let seen = 0
  for (const { pages, share } of classes) {
    const slot = Math.min(count - 1, Math.floor(seen * count))
    merged[slot] ??= { pages: 0, share: 0 }
    const group = merged[slot]
    group.pages += pages
    group.share += share
    seen += share
  }
  return merged.filter((group) => group !== undefined)
}
