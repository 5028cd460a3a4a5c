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

/** The round that was disturbed least, with the best tenth of a second of all rounds. */
export function bestOf(rounds: readonly Measurement[]): Measurement {
  const [first, ...others] = rounds
  if (first === undefined) throw new Error('there is no round to choose from')
  const best = others.reduce((best, round) => (round.iops > best.iops ? round : best), first)
  return { ...best, bestIops: Math.max(...rounds.map((round) => round.bestIops)) }
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

/** By the best tenths of a second; 0 when the other did nothing. */
export function ratio(ours: Measurement, theirs: Measurement): number {
  return theirs.bestIops === 0 ? 0 : ours.bestIops / theirs.bestIops
}
