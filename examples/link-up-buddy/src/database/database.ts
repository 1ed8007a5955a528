// What the application knows of its database, whichever one it is.

/** A row's columns come as numbers, strings, booleans, null and, for timestamps, Dates. */
export interface Connection {
  query<Row>(sql: string, params?: readonly unknown[]): Promise<Row[]>
}

export interface Database extends Connection {
  /** Runs `work` on one connection: all of it takes effect, or none. */
  transaction<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}
