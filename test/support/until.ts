// Waiting for what a program can only be asked about.

/** Resolves once `isSo` says yes, asked every few milliseconds. Fails after `withinMs`. */
export async function until(isSo: () => boolean | Promise<boolean>, withinMs = 5000): Promise<void> {
  const startedAt = Date.now()
  while (!(await isSo())) {
    if (Date.now() - startedAt > withinMs) throw new Error(`still not so after ${withinMs} ms: ${isSo}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
