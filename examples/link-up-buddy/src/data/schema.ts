// The tables. They have a schema of their own, so that a server given by DATABASE_URL may hold other things too.

export const tables: readonly string[] = [
  'create schema link_up_buddy',
  `create table link_up_buddy.interests (
     id integer primary key generated always as identity,
     name text not null unique
   )`,
  `create table link_up_buddy.buddies (
     id integer primary key generated always as identity,
     name text not null,
     bio text not null,
     city text not null,
     lat double precision not null,
     lon double precision not null,
     joined_at timestamptz not null
   )`,
  `create table link_up_buddy.buddy_interests (
     buddy_id integer not null,
     interest_id integer not null
   )`,
  `create table link_up_buddy.events (
     id integer primary key generated always as identity,
     title text not null,
     description text not null,
     city text not null,
     lat double precision not null,
     lon double precision not null,
     starts_at timestamptz not null,
     host_id integer not null,
     interest_id integer not null
   )`,
  `create table link_up_buddy.attendances (
     event_id integer not null,
     buddy_id integer not null
   )`,
  'create table link_up_buddy.setup (version integer not null)',
]

/** Made after the rows are in, where they cost a fraction of what they cost before. */
export const constraints: readonly string[] = [
  'alter table link_up_buddy.buddy_interests add primary key (buddy_id, interest_id)',
  'alter table link_up_buddy.attendances add primary key (event_id, buddy_id)',
  'create index on link_up_buddy.attendances (buddy_id)',
  'create index on link_up_buddy.events (starts_at, id)',
  'create index on link_up_buddy.events (host_id)',
  "create index on link_up_buddy.events using gin (to_tsvector('english', title || ' ' || description))",
  "create index on link_up_buddy.buddies using gin (to_tsvector('simple', name))",
  'alter table link_up_buddy.events add foreign key (host_id) references link_up_buddy.buddies',
  'alter table link_up_buddy.events add foreign key (interest_id) references link_up_buddy.interests',
  'alter table link_up_buddy.attendances add foreign key (event_id) references link_up_buddy.events',
  'alter table link_up_buddy.attendances add foreign key (buddy_id) references link_up_buddy.buddies',
]
