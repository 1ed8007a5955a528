// The pages, for people.

import type { BuddyDetail } from './buddies.ts'
import type { EventDetail, EventList, EventSummary } from './events.ts'
import { type Html, html } from './html.ts'
import type { ErrorAnswer } from './refusal.ts'

/** Sent with every page: it may load nothing, and runs no script. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
}

export function homePage(framework: string): string {
  return page(
    'Link Up Buddy',
    html`<p>Meet people who like what you like. This is the example application of Larder, on ${framework}.</p>
      <h2>Look around</h2>
      <ul>
        <li><a href="/pages/events">Events by date</a></li>
        <li><a href="/pages/events?near=52.52,13.40">Events near Berlin</a></li>
        <li><a href="/pages/events/42">One event</a></li>
        <li><a href="/pages/buddies/7">One buddy</a></li>
        <li>
          as JSON: <a href="/events">/events</a>, <a href="/events/42">/events/42</a>, <a href="/buddies/7">/buddies/7</a>,
          <a href="/search?q=chess">/search?q=chess</a>, <a href="/me">/me</a>, <a href="/health">/health</a>
        </li>
      </ul>
      <h2>See the cache at work</h2>
      <p>
        Ask twice and compare <code>Cache-Status</code>, <code>Age</code> and <code>X-Run</code>, which counts the runs of
        handlers: the second answer is a hit with the first one's run.
      </p>
      <pre>curl -i 'http://localhost:3000/events?near=52.52,13.40'
curl -i http://localhost:3000/events/42</pre>
      <p>A write purges by tag what it changed, so the next answer is new:</p>
      <pre>curl -i -X PATCH http://localhost:3000/events/42 -H 'content-type: application/json' -d '{"title":"Picnic"}'
curl -i http://localhost:3000/events/42</pre>
      <p>What is yours alone is never shared. The cache stands in front of <code>/me</code> too, and stays out of it:</p>
      <pre>curl -i -c jar -X POST http://localhost:3000/sign-in -H 'content-type: application/json' -d '{"buddyId":7}'
curl -i -b jar http://localhost:3000/me</pre>`,
  )
}

export function eventsPage(list: EventList, near: unknown): string {
  const query = typeof near === 'string' ? `near=${encodeURIComponent(near)}&` : ''
  const link = (to: number, text: string): Html => html`<a href="/pages/events?${query}page=${to}">${text}</a> `
  return page(
    query ? 'Events near you' : 'Events',
    html`<ul>${list.events.map(eventItem)}</ul>
      <p>
        ${list.page > 1 ? link(list.page - 1, 'earlier page') : undefined}
        page ${list.page} of ${list.pages}
        ${list.page < list.pages ? link(list.page + 1, 'later page') : undefined}
      </p>`,
  )
}

export function eventPage(event: EventDetail): string {
  return page(
    event.title,
    html`<p>${when(event.startsAt)} · ${event.city} · ${event.interest}</p>
      <p>${event.description}</p>
      <p>Hosted by ${buddyLink(event.host)}.</p>
      <h2>${event.attending} coming</h2>
      <ul>${event.attendees.map(buddy => html`<li>${buddyLink(buddy)}</li>`)}</ul>`,
  )
}

export function buddyPage(buddy: BuddyDetail): string {
  return page(
    buddy.name,
    html`<p>${buddy.bio}</p>
      <p>Likes ${buddy.interests.join(', ')}.</p>
      <h2>Hosts</h2>
      <ul>${buddy.hosting.map(eventItem)}</ul>
      <h2>Goes to</h2>
      <ul>${buddy.attending.map(eventItem)}</ul>`,
  )
}

export function errorPage({ status, body }: ErrorAnswer): string {
  return page(
    `${status}`,
    html`<p>${body.error}</p>
      <ul>${(body.problems ?? []).map(({ field, problem }) => html`<li>${field}: ${problem}</li>`)}</ul>`,
  )
}

function eventItem(event: EventSummary & { readonly distanceKm?: number }): Html {
  const away = event.distanceKm === undefined ? '' : ` · ${event.distanceKm} km away`
  return html`<li>
    <a href="/pages/events/${event.id}">${event.title}</a><br />
    ${when(event.startsAt)} · ${event.interest} · ${event.attending} coming${away}
  </li>`
}

function buddyLink({ id, name }: { readonly id: number; readonly name: string }): Html {
  return html`<a href="/pages/buddies/${id}">${name}</a>`
}

const dateFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short', timeZone: 'UTC' })

function when(instant: Date): string {
  return `${dateFormat.format(instant)} UTC`
}

function page(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <style>
      body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #222 }
      li { margin-bottom: .6rem }
      pre { padding: .8rem; overflow-x: auto; background: #f3f3f3 }
    </style>
  </head>
  <body>
    <p><a href="/">Link Up Buddy</a></p>
    <h1>${title}</h1>
    ${content}
  </body>
</html>
`.html
}
