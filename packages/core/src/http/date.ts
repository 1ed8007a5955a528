// RFC 9110 §5.6.7 — HTTP-date in its three forms; RFC 9111 §4.2 — any case, and no zone but GMT.

const DAYS = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun'
const LONG_DAYS = 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday'
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)'

const IMF_FIXDATE = new RegExp(`^(?:${DAYS}), (\\d\\d) ([a-z]{3}) (\\d{4}) ${TIME} GMT$`, 'i')
const RFC_850 = new RegExp(`^(?:${LONG_DAYS}), (\\d\\d)-([a-z]{3})-(\\d\\d) ${TIME} GMT$`, 'i')
const ASCTIME = new RegExp(`^(?:${DAYS}) ([a-z]{3}) (\\d\\d| \\d) ${TIME} (\\d{4})$`, 'i')

const SHORTEST = 'Sun Nov  6 08:49:37 1994'.length
const LONGEST = 'Wednesday, 06-Nov-94 08:49:37 GMT'.length

/** The instant in milliseconds, or `undefined` for what is no HTTP-date. `nowMs` decides the century of a two-digit year. */
export function parseHttpDate(value: string, nowMs: number): number | undefined {
  const text = value.trim()
  if (text.length < SHORTEST || text.length > LONGEST) return undefined
  const imf = parseImfFixdate(text)
  if (imf !== undefined) return imf
  const rfc850 = RFC_850.exec(text)
  if (rfc850) {
    const [, day, month, year, hour, minute, second] = rfc850
    return instant(century(Number(year), nowMs), month!, day!, hour!, minute!, second!)
  }
  const asctime = ASCTIME.exec(text)
  if (!asctime) return undefined
  const [, month, day, hour, minute, second, year] = asctime
  return instant(Number(year), month!, day!, hour!, minute!, second!)
}

/** The one form that may be sent today, which needs no clock to be read. */
export function parseImfFixdate(text: string): number | undefined {
  if (text.length !== 29) return undefined
  const match = IMF_FIXDATE.exec(text)
  if (!match) return undefined
  const [, day, month, year, hour, minute, second] = match
  return instant(Number(year), month!, day!, hour!, minute!, second!)
}

/** An IMF-fixdate. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString()
}

/** The date at `now()`, made anew once a second. */
export function createHttpDate(now: () => number): () => string {
  let second = Number.NaN
  let text = ''
  return () => {
    const current = Math.floor(now() / 1000)
    if (current !== second) {
      second = current
      text = formatHttpDate(current * 1000)
    }
    return text
  }
}

/** A date that seems more than fifty years ahead lies in the past. */
function century(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + twoDigits
  if (year > thisYear + 50) return year - 100
  return year < thisYear - 49 ? year + 100 : year
}

function instant(
  year: number,
  monthName: string,
  dayText: string,
  hourText: string,
  minuteText: string,
  secondText: string,
): number | undefined {
  const month = MONTHS.indexOf(monthName.toLowerCase())
  const [day, hour, minute, second] = [Number(dayText), Number(hourText), Number(minuteText), Number(secondText)]
  // The grammar has room for a leap second.
  if (month < 0 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined
  const date = new Date(0)
  // Date.UTC would read the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, month, day)
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined
  return date.setUTCHours(hour, minute, Math.min(second, 59), 0)
}
