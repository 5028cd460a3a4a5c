/** A reason the machine cannot be set up, in a sentence that says what to do about it. */
export class SetupFailure extends Error {
  name = 'SetupFailure'
}

/** Runs a program's main function; a SetupFailure becomes a sentence and exit code 1. */
export async function runMain(main) {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error
    console.error(`\n${error.message}`)
    process.exitCode = 1
  }
}
