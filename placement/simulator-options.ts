/** The words behind `npm run placement`. */
import { type Copies, defaultSettings, placementLimits } from './topology.ts'

interface OptionRule {
  readonly help: string
  readonly initial: number
  readonly min: number
  readonly max: number
  readonly whole: boolean
}

const whole = (initial: number, min: number, max: number, help: string): OptionRule => ({
  help,
  initial,
  min,
  max,
  whole: true,
})
const real = (initial: number, min: number, max: number, help: string): OptionRule => ({
  ...whole(initial, min, max, help),
  whole: false,
})

const rules = {
  nodes: whole(1000, 1, placementLimits.nodesMax, 'machines with disks'),
  racks: whole(50, 1, placementLimits.nodesMax, 'racks, nodes go round'),
  zones: whole(1, 1, 16, 'zones, racks go round; 1 is none'),
  volumes: whole(100_000, 1, 1_000_000, 'volumes to place'),
  'volume-gb': whole(1000, 1, 64_000, 'size of each volume, in 10^9 bytes'),
  copies: whole(3, 1, placementLimits.copiesMax, 'copies of each'),
  width: whole(8, 1, 1024, 'groups that a volume is spread over'),
  'node-tb': real(400, 0.1, 10_000, 'capacity of a node, in 10^12 bytes'),
  'uneven-percent': whole(0, 0, 90, 'how far capacities differ from that, both ways'),
  'groups-per-node': whole(
    defaultSettings.groupsPerNode,
    1,
    placementLimits.groupsPerNodeMax,
    'memberships of groups',
  ),
  'scatter-width': whole(defaultSettings.scatterWidth, 2, 10_000, 'partners of a node, at most'),
  'extent-mib': whole(1024, 1, 65_536, 'size of an extent'),
  'disks-per-node': whole(12, 1, 1000, 'disks that fail one by one'),
  'repair-mb': real(400, 0.1, 100_000, 'what a node spends on repair, in 10^6 bytes a second'),
  'rebuild-delay': whole(600, 0, 86_400, 'seconds before repair begins'),
  'disk-afr': real(1, 0, 100, 'percent of disks lost for good in a year; 1.6 for hard disks'),
  'node-afr': real(0.5, 0, 100, 'percent of nodes lost with all disks in a year'),
  'rack-afr': real(0, 0, 100, 'percent of racks lost with all disks in a year'),
  outages: real(0, 0, 365, 'times a year that all nodes go down at once'),
  'outage-loss': real(1, 0, 100, 'percent of nodes that do not come back from that'),
  seed: whole(1, 0, 2 ** 32, 'of every choice'),
} as const satisfies Readonly<Record<string, OptionRule>>

type OptionName = keyof typeof rules
export type SimulatorOptions = Readonly<Record<OptionName, number>> & { readonly copies: Copies }

const names = Object.keys(rules) as OptionName[]
const ruleOf = (name: OptionName): OptionRule => rules[name]

export const usage = [
  'Usage: npm run placement -- [--OPTION NUMBER ...]',
  '',
  'Places volumes on a made-up cell, adds and drains nodes and racks, and models durability.',
  '',
  ...names.map((name) => `  --${name.padEnd(16)} ${ruleOf(name).help} (${ruleOf(name).initial})`),
].join('\n')

export type Parsed =
  | { readonly kind: 'run'; readonly options: SimulatorOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly reason: string }

/** Takes `--name 5` and `--name=5`. */
export function parseOptions(words: readonly string[]): Parsed {
  const values = new Map<OptionName, number>()
  const left = words.flatMap((word) => splitWord(word))
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '--help' || word === '-h') return { kind: 'help' }
    const name = names.find((known) => `--${known}` === word)
    if (name === undefined)
      return { kind: 'wrong', reason: `There is no option "${word}"; --help lists them.` }
    if (values.has(name)) return { kind: 'wrong', reason: `${word} is given twice.` }
    const text = left.shift()
    const value = toNumber(ruleOf(name), text)
    if (value === undefined) return { kind: 'wrong', reason: whyWrong(name, text) }
    values.set(name, value)
  }
  const all = Object.fromEntries(
    names.map((name) => [name, values.get(name) ?? rules[name].initial]),
  )
  return checkTogether(all as SimulatorOptions)
}

function splitWord(word: string): string[] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}

function toNumber({ min, max, whole }: OptionRule, text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(\.\d+)?$/.test(text)) return undefined
  const value = Number(text)
  if (value < min || value > max || (whole && !Number.isInteger(value))) return undefined
  return value
}

function whyWrong(name: OptionName, text: string | undefined): string {
  const { min, max, whole } = ruleOf(name)
  const given = text === undefined ? 'nothing' : `"${text}"`
  return `--${name} is a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not ${given}.`
}

/** Options that are right by themselves, but not beside each other. */
function checkTogether(options: SimulatorOptions): Parsed {
  const { nodes, racks, zones, copies } = options
  if (racks > nodes)
    return { kind: 'wrong', reason: `${racks} racks need as many nodes; there are ${nodes}.` }
  if (zones > racks)
    return { kind: 'wrong', reason: `${zones} zones need as many racks; there are ${racks}.` }
  if (copies > racks)
    return { kind: 'wrong', reason: `${copies} copies need as many racks; there are ${racks}.` }
  return { kind: 'run', options }
}
