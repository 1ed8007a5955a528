// A wait that ends, and that holds the process meanwhile: what is waited for holds nothing.

/** Whether all of it succeeded in time. Never rejects. */
export async function within(deadlineMs: number, work: readonly Promise<unknown>[]): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>(resolve => {
    timer = setTimeout(resolve, deadlineMs, false)
  })
  const done = Promise.allSettled(work).then(results => results.every(({ status }) => status === 'fulfilled'))
  try {
    return await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}
