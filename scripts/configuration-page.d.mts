/** Where the page is. */
export const pagePath: string

/** The page as it has to be. */
export function configurationPage(): string
