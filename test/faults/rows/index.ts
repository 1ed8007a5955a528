// All rows, in the order of the table.

import type { Row } from '../run-row.ts'
import { fleets } from './fleets.ts'
import { history } from './history.ts'
import { network } from './network.ts'
import { processes } from './process.ts'
import { refusals } from './refusals.ts'
import { silence } from './silence.ts'

/** The one without a fault first, R1 before R10. */
const order = ({ id }: Row): string =>
  id
    .replace(/\d+/, digits => digits.padStart(2, '0'))
    .replace(/^R/, 'B')
    .replace('none', 'A')

export const rows: readonly Row[] = [...silence, ...network, ...refusals, ...history, ...fleets, ...processes].sort(
  (a, b) => (order(a) < order(b) ? -1 : 1),
)
