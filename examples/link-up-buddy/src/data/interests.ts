// What people meet for, and how an event about it is described.

export interface Interest {
  readonly name: string
  /** What one meets for, as it stands in a title. */
  readonly titles: readonly string[]
  readonly sentences: readonly string[]
}

export const interests: readonly Interest[] = [
  {
    name: 'Board games',
    titles: ['Board game night', 'Co-op games', 'Strategy games for beginners', 'Party games'],
    sentences: ['We bring about thirty games and explain the rules.', 'Bring a favourite, or just yourself.'],
  },
  {
    name: 'Hiking',
    titles: ['Day hike', 'Sunrise walk', 'Forest walk', 'Hills and picnic'],
    sentences: ['About fourteen kilometres at an easy pace.', 'Good shoes and a litre of water are all you need.'],
  },
  {
    name: 'Running',
    titles: ['Easy 5 km run', 'Riverside run', 'Interval training', 'First 10 km'],
    sentences: ['We run at the pace of the slowest and never leave anyone behind.', 'Lockers are available.'],
  },
  {
    name: 'Cycling',
    titles: ['Evening ride', 'Gravel tour', 'Ride to the lake', 'Bike repair and coffee'],
    sentences: ['Any bike with working brakes is welcome.', 'The route is flat and mostly away from cars.'],
  },
  {
    name: 'Climbing',
    titles: ['Bouldering session', 'Top-rope evening', 'Climbing for beginners', 'Climb and pizza'],
    sentences: ['You can rent shoes at the gym.', 'We partner up newcomers with people who know the ropes.'],
  },
  {
    name: 'Yoga',
    titles: ['Yoga in the park', 'Slow flow', 'Morning yoga', 'Yoga and tea'],
    sentences: ['Bring a mat or a towel.', 'Suitable if you have never done it before.'],
  },
  {
    name: 'Swimming',
    titles: ['Open-water swim', 'Lane swimming', 'Cold dip', 'Swim and breakfast'],
    sentences: ['One of us always stays on the shore.', 'A wetsuit is fine, courage is better.'],
  },
  {
    name: 'Cooking',
    titles: ['Cook together', 'Dumplings from scratch', 'Sunday curry', 'Bread baking'],
    sentences: ['We share the cost of the ingredients.', 'There is a vegetarian version of everything.'],
  },
  {
    name: 'Coffee',
    titles: ['Coffee tasting', 'Latte art basics', 'Slow coffee morning', 'Roastery visit'],
    sentences: ['Three beans, two brewing methods, no snobbery.', 'Decaf drinkers are safe here.'],
  },
  {
    name: 'Books',
    titles: ['Book club', 'Silent reading hour', 'Short stories', 'Book swap'],
    sentences: ['Half an hour of reading, then we talk.', 'Not finished the book? Come anyway.'],
  },
  {
    name: 'Film',
    titles: ['Film night', 'Short film evening', 'Documentary and discussion', 'Silent film with piano'],
    sentences: ['The film is shown with subtitles.', 'We go for a drink afterwards and disagree about the ending.'],
  },
  {
    name: 'Music',
    titles: ['Jam session', 'Vinyl evening', 'Sing along', 'Ukulele for beginners'],
    sentences: ['Bring an instrument if you have one.', 'All levels; volume is negotiable.'],
  },
  {
    name: 'Dancing',
    titles: ['Salsa basics', 'Swing evening', 'Tango practice', 'Folk dance'],
    sentences: ['No partner needed, we change all the time.', 'The first half hour is a lesson.'],
  },
  {
    name: 'Photography',
    titles: ['Photo walk', 'Night photography', 'Analogue photo day', 'Street portraits'],
    sentences: ['A phone is a camera too.', 'We show each other our best three pictures at the end.'],
  },
  {
    name: 'Drawing',
    titles: ['Urban sketching', 'Life drawing', 'Watercolour afternoon', 'Draw and chat'],
    sentences: ['Paper and pencils are there.', 'Nobody has to show what they drew.'],
  },
  {
    name: 'Languages',
    titles: ['Language exchange', 'Spanish table', 'French conversation', 'German for newcomers'],
    sentences: ['Half the time in one language, half in the other.', 'Mistakes are encouraged.'],
  },
  {
    name: 'Programming',
    titles: ['Hack evening', 'Coding dojo', 'Open-source night', 'Learn JavaScript together'],
    sentences: ['Bring a laptop and something you are stuck on.', 'We pair up and swap every half hour.'],
  },
  {
    name: 'Gardening',
    titles: ['Community garden morning', 'Seed swap', 'Balcony vegetables', 'Planting day'],
    sentences: ['Tools and gloves are provided.', 'Take home whatever is ripe.'],
  },
  {
    name: 'Chess',
    titles: ['Chess in the park', 'Blitz tournament', 'Chess for beginners', 'Chess and cake'],
    sentences: ['Boards and clocks are there.', 'The winner buys the first round.'],
  },
  {
    name: 'Museums',
    titles: ['Museum visit', 'Gallery hopping', 'Architecture walk', 'Modern art for sceptics'],
    sentences: ['We meet at the ticket desk.', 'Admission is free on this day.'],
  },
  {
    name: 'Volunteering',
    titles: ['River clean-up', 'Soup kitchen shift', 'Repair café', 'Park clean-up'],
    sentences: ['Two hours that you will not regret.', 'Gloves and bags are provided.'],
  },
  {
    name: 'Dogs',
    titles: ['Dog walk', 'Puppy meet-up', 'Dogs at the beach', 'Long walk with dogs'],
    sentences: ['People without a dog are welcome too.', 'Please bring a lead for the way there.'],
  },
  {
    name: 'Volleyball',
    titles: ['Beach volleyball', 'Friendly volleyball', 'Mixed volleyball', 'Volleyball and barbecue'],
    sentences: ['Teams are drawn on the spot.', 'We have two nets and enough balls.'],
  },
  {
    name: 'Stargazing',
    titles: ['Stargazing', 'Meteor watching', 'Moon through a telescope', 'Astronomy for everyone'],
    sentences: ['We bring two telescopes.', 'Dress warmer than you think you need to.'],
  },
]

/** Sentences that suit any meeting. */
export const closings: readonly string[] = [
  'New faces are very welcome.',
  'We meet at the main entrance; look for the yellow umbrella.',
  'It takes place in any weather.',
  'Afterwards some of us go for a bite to eat.',
  'Come alone or bring a friend.',
  'Half of the group came alone the first time.',
]

export function interestNamed(name: string): number | undefined {
  const at = interests.findIndex(interest => interest.name === name)
  return at < 0 ? undefined : at + 1
}
