// Packages that are loaded when something is configured that needs them, and need not be installed otherwise.

import { LarderError } from '@larder/core'

/**
 * What `load` imports.
 *
 * @param what is configured, for the message.
 * @param packages to install for it.
 * @throws LARDER_MISSING_PACKAGE
 */
export async function installed<Module>(what: string, packages: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load()
  } catch (error) {
    // What is there and broken says so itself.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    const message = `${what} is configured, and what it needs is not installed: npm install ${packages}`
    throw new LarderError('LARDER_MISSING_PACKAGE', message, { cause: error })
  }
}
