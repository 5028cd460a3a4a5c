/** Configures and builds one variant of the native tree for the tests. */
import { join } from 'node:path'
import { addFailure, progress, type Report } from './report.ts'
import { root } from './root.ts'
import { type ProgramResult, runProgram } from './run-program.ts'

export interface NativeVariant {
  /** Folder under build/. */
  readonly name: string
  readonly options: readonly string[]
}

const clang = ['-DCMAKE_CXX_COMPILER=clang++-19', '-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld']

export const variants = {
  plain: { name: 'test', options: ['-DCMAKE_CXX_COMPILER=g++'] },
  asan: { name: 'asan', options: [...clang, '-DASHLAR_SANITIZE=address'] },
  tsan: { name: 'tsan', options: [...clang, '-DASHLAR_SANITIZE=thread'] },
  fuzz: { name: 'fuzz', options: [...clang, '-DASHLAR_SANITIZE=address', '-DASHLAR_FUZZ=ON'] },
} as const satisfies Record<string, NativeVariant>

export interface NativeTest {
  /** The layer's name, such as `store`. */
  readonly layer: string
  readonly executable: string
}

export function buildFolder(variant: NativeVariant): string {
  return join(root, 'build', variant.name)
}

/** Configures the variant and lists its test executables; undefined after a noted failure. */
export async function configure(
  variant: NativeVariant,
  report: Report,
): Promise<NativeTest[] | undefined> {
  const folder = buildFolder(variant)
  const args = ['-S', 'native-rdma', '-B', folder, '-G', 'Ninja', ...variant.options]
  const configured = await runProgram('cmake', args, { cwd: root, timeoutSeconds: 120 })
  if (configured.code !== 0) {
    addFailure(report, { title: `${variant.name}: cmake`, output: configured.output })
    return undefined
  }
  const listing = ['--test-dir', folder, '--show-only=json-v1']
  const listed = await runProgram('ctest', listing, { cwd: root, timeoutSeconds: 60 })
  const { tests } = JSON.parse(listed.output) as { tests: { name: string }[] }
  return tests.map(({ name }) => ({ layer: name, executable: join(folder, `test_${name}`) }))
}

/** Builds the targets; a failure is noted in the report with what the compiler said. */
export async function build(
  variant: NativeVariant,
  targets: readonly string[],
  report: Report,
): Promise<boolean> {
  progress('..', `building ${targets.length} executables in build/${variant.name}`)
  const args = ['-C', buildFolder(variant), '-k', '0', ...targets]
  const built = await runProgram('ninja', args, { cwd: root, timeoutSeconds: 1500 })
  progress(built.code === 0 ? 'ok' : 'FAILED', 'build', built.seconds)
  if (built.code !== 0) {
    addFailure(report, { title: `build/${variant.name}`, output: compilerErrors(built) })
  }
  return built.code === 0
}

/** ninja's own progress lines say nothing about a failure. */
function compilerErrors({ output }: ProgramResult): string {
  return output
    .split('\n')
    .filter((line) => !/^\[\d+\/\d+\]/.test(line))
    .join('\n')
}
