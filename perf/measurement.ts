/** What one program says it measured, and the choice of the best of several rounds. */

export interface LatencyUs {
  readonly mean: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export interface Measurement {
  /** Over the whole round. */
  readonly iops: number
  /** Of the best tenth of a second: what the machine gave while nobody else used it. */
  readonly bestIops: number
  readonly latencyUs: LatencyUs
}

/** Of each figure the best: what disturbs a round is not what is measured. */
export function bestOf(rounds: readonly Measurement[]): Measurement {
  const [first, ...others] = rounds
  if (first === undefined) throw new Error('there is no round to choose from')
  return others.reduce(
    (best, round) => ({
      iops: Math.max(best.iops, round.iops),
      bestIops: Math.max(best.bestIops, round.bestIops),
      latencyUs: round.latencyUs.p50 < best.latencyUs.p50 ? round.latencyUs : best.latencyUs,
    }),
    first,
  )
}

/** `rounds` times one after the other, so that what disturbs the machine disturbs both alike. */
export async function alternate(
  rounds: number,
  ours: () => Promise<Measurement>,
  theirs: () => Promise<Measurement>,
): Promise<{ ours: Measurement; theirs: Measurement }> {
  const oursSeen: Measurement[] = []
  const theirsSeen: Measurement[] = []
  for (let round = 0; round < rounds; round++) {
    oursSeen.push(await ours())
    theirsSeen.push(await theirs())
  }
  return { ours: bestOf(oursSeen), theirs: bestOf(theirsSeen) }
}

/** Ours as a share of theirs, twice; 0 when there is nothing to compare with. */
export interface Ratio {
  /** Of the best tenths of a second. */
  readonly rate: number
  /** Of the median latencies, theirs by ours: on a busy machine this one means more. */
  readonly latency: number
}

export function ratioOf(ours: Measurement, theirs: Measurement): Ratio {
  const divide = (a: number, b: number) => (b === 0 ? 0 : a / b)
  return {
    rate: divide(ours.bestIops, theirs.bestIops),
    latency: divide(theirs.latencyUs.p50, ours.latencyUs.p50),
  }
}
