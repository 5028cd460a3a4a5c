/** Runs clang-tidy over the engine's sources: several at once, and only those that changed. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { buildFolder, type NativeVariant } from './native-build.ts'
import { root } from './root.ts'
import { runProgram } from './run-program.ts'

interface CompileCommand {
  readonly file: string
  readonly command: string
}

export interface TidyResult {
  readonly files: number
  /** Those whose last clean check no longer holds. */
  readonly checked: number
  /** What clang-tidy said, a line each; empty when all is well. */
  readonly complaints: readonly string[]
}

/** An empty file under this folder says that what hashes to its name is clean. */
const cleanFolder = join(root, 'build/clang-tidy')
const sourcesFolder = 'native-rdma/src'

/** Requires that the variant has been configured. */
export async function runClangTidy(variant: NativeVariant): Promise<TidyResult> {
  mkdirSync(cleanFolder, { recursive: true })
  const folder = buildFolder(variant)
  const commands = readCommands(folder)
  const waiting = commands.filter((command) => !existsSync(cleanMark(command)))
  const checked = waiting.length
  const complaints = new Set<string>()
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      // Taken before: a file that changes meanwhile is checked again.
      const mark = cleanMark(next)
      const args = ['-p', folder, '--quiet', next.file]
      const result = await runProgram('clang-tidy-19', args, { cwd: root, timeoutSeconds: 300 })
      if (result.code === 0) writeFileSync(mark, '')
      else for (const line of complaintsIn(result.output)) complaints.add(line)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return { files: commands.length, checked, complaints: [...complaints].sort() }
}

/** A header's faults come up again with each file that includes it. */
function complaintsIn(output: string): string[] {
  const lines = output.split('\n').filter((line) => / (error|warning): /.test(line))
  return lines.length > 0 ? lines.map((line) => line.replace(root, '')) : [output]
}

function readCommands(folder: string): CompileCommand[] {
  const text = readFileSync(join(folder, 'compile_commands.json'), 'utf8')
  const commands = JSON.parse(text) as CompileCommand[]
  return commands.filter(({ file }) => relative(root, file).startsWith(`${sourcesFolder}/`))
}

/** Named by all that the check reads: the settings, the command, the file and its headers. */
function cleanMark({ file, command }: CompileCommand): string {
  const hash = createHash('sha256')
    .update(readFileSync(join(root, '.clang-tidy')))
    .update(command)
  for (const path of withHeaders(file)) hash.update(`${path}\n`).update(readFileSync(path))
  return join(cleanFolder, hash.digest('hex'))
}

/** The file and every project header it includes, directly or not. */
export function withHeaders(file: string): string[] {
  const found = new Set([file])
  for (const path of found) {
    for (const [, header = ''] of readFileSync(path, 'utf8').matchAll(/^#include "(.+)"$/gm)) {
      const included = join(root, sourcesFolder, header)
      if (existsSync(included)) found.add(included)
    }
  }
  return [...found]
}
