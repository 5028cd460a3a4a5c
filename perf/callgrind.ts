/** Counts instructions with valgrind's callgrind, function by function. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runOrFail } from './programs.ts'

export interface FunctionCost {
  readonly name: string
  /** Its own, without what it calls. */
  readonly instructions: number
}

export function hasValgrind(): boolean {
  return spawnSync('valgrind', ['--version'], { stdio: 'ignore' }).status === 0
}

/** callgrind counts each byte of the string instructions that the C library would use instead. */
const steady = `GLIBC_TUNABLES=${['stosb', 'movsb']
  .map((kind) => `glibc.cpu.x86_rep_${kind}_threshold=2000000000`)
  .join(':')}`

/** Only what the program asks to be counted; the most expensive function first. */
export async function countInstructions(
  program: string,
  words: readonly string[],
  timeoutSeconds: number,
): Promise<FunctionCost[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-callgrind-'))
  try {
    const file = join(folder, 'out')
    const how = ['--tool=callgrind', '--instr-atstart=no', `--callgrind-out-file=${file}`]
    await runOrFail('env', [steady, 'valgrind', ...how, program, ...words], timeoutSeconds)
    const text = await runOrFail('callgrind_annotate', ['--threshold=100', file], timeoutSeconds)
    return parseAnnotated(text)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A function is listed once for each source file that was inlined into it. */
export function parseAnnotated(text: string): FunctionCost[] {
  const costs = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, count, name] = /^ *([\d,]+) \([ \d.]+%\) +[^ ]*?:(.+)$/.exec(line) ?? []
    if (count === undefined || name === undefined) continue
    const short = shorten(name)
    costs.set(short, (costs.get(short) ?? 0) + Number(count.replaceAll(',', '')))
  }
  return [...costs]
    .map(([name, instructions]) => ({ name, instructions }))
    .sort((a, b) => b.instructions - a.instructions)
}

/** Without its arguments, its return type, its template's and the file it is in. */
export function shorten(name: string): string {
  let text = name.replace(/ \[.*$/, '').replaceAll('(anonymous namespace)::', '')
  for (let before = ''; before !== text; ) {
    before = text
    text = text.replace(/<[^<>]*>/g, '')
  }
  const bare = text.replace(/\(.*$/, '').trim()
  return bare.split(' ').at(-1) ?? bare
}
