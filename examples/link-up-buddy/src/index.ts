// Link Up Buddy: what its servers need.

export type { LinkUpBuddy } from './app.ts'
export { freshness } from './freshness.ts'
export { buddyPage, errorPage, eventPage, eventsPage, homePage, pageHeaders } from './pages.ts'
export { answerForError, Refusal } from './refusal.ts'
export { type Ingredients, type ServeOptions, serve } from './serve.ts'
export type { Sessions } from './sessions.ts'
