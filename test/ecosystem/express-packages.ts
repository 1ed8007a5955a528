// The packages of Express, each mounted as its own README shows it.

import compression from 'compression'
import cookieParser from 'cookie-parser'
import cookieSession from 'cookie-session'
import cors from 'cors'
import expressBodies, { type RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import session from 'express-session'
import helmet from 'helmet'
import morgan from 'morgan'
import multer from 'multer'
import { Passport } from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import { pinoHttp } from 'pino-http'
import { express, type Packages } from './site.ts'

export const secret = 'keyboard cat'

/** Who has a session keeps it as long as he comes: its cookie is set with every answer. */
export const rollingSession = (): RequestHandler =>
  session({ secret, resave: false, saveUninitialized: false, rolling: true, cookie: { maxAge: 60_000 } })

/** Passport with a session, and the strategy that signs anybody in who gives a name and any password. */
export function localPassport() {
  const passport = new Passport()
  passport.use(new LocalStrategy((username, _password, done) => done(null, { name: username })))
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user, done) => done(null, user as Express.User))
  return passport
}

/** By name, made anew for each app. `log` is what loggers write to. */
export const expressPackages: Packages = {
  'cookie-parser': () => [express(cookieParser(secret))],
  'express-session': () => [express(rollingSession())],
  'cookie-session': () => [express(cookieSession({ keys: [secret] }))],
  passport: () => {
    const passport = localPassport()
    return [express(rollingSession()), express(passport.initialize()), express(passport.session())]
  },
  cors: () => [express(cors())],
  helmet: () => [express(helmet())],
  compression: () => [express(compression({ threshold: 0 }) as unknown as RequestHandler)],
  morgan: (_app, log) => [express(morgan('combined', { stream: { write: log } }) as unknown as RequestHandler)],
  'pino-http': (_app, log) => [express(pinoHttp({}, { write: log }) as unknown as RequestHandler)],
  'express.json, express.urlencoded': () => [
    express(expressBodies.json()),
    express(expressBodies.urlencoded({ extended: true })),
  ],
  multer: () => [express(multer().none())],
  'express-rate-limit': () => [express(rateLimit({ limit: 100, standardHeaders: 'draft-7', legacyHeaders: true }))],
}
