// The cities where people meet, with the coordinates of their centres.

export interface City {
  readonly name: string
  readonly lat: number
  readonly lon: number
}

const places: readonly (readonly [name: string, lat: number, lon: number])[] = [
  ['Amsterdam', 52.3728, 4.8936],
  ['Athens', 37.9838, 23.7275],
  ['Auckland', -36.8485, 174.7633],
  ['Bangkok', 13.7563, 100.5018],
  ['Barcelona', 41.3874, 2.1686],
  ['Berlin', 52.52, 13.405],
  ['Bogotá', 4.711, -74.0721],
  ['Brussels', 50.8503, 4.3517],
  ['Bucharest', 44.4268, 26.1025],
  ['Budapest', 47.4979, 19.0402],
  ['Buenos Aires', -34.6037, -58.3816],
  ['Cape Town', -33.9249, 18.4241],
  ['Chicago', 41.8781, -87.6298],
  ['Copenhagen', 55.6761, 12.5683],
  ['Dublin', 53.3498, -6.2603],
  ['Edinburgh', 55.9533, -3.1883],
  ['Hamburg', 53.5511, 9.9937],
  ['Helsinki', 60.1699, 24.9384],
  ['Istanbul', 41.0082, 28.9784],
  ['Kraków', 50.0647, 19.945],
  ['Lagos', 6.5244, 3.3792],
  ['Lisbon', 38.7223, -9.1393],
  ['London', 51.5074, -0.1278],
  ['Lyon', 45.764, 4.8357],
  ['Madrid', 40.4168, -3.7038],
  ['Melbourne', -37.8136, 144.9631],
  ['Mexico City', 19.4326, -99.1332],
  ['Milan', 45.4642, 9.19],
  ['Montréal', 45.5019, -73.5674],
  ['Mumbai', 19.076, 72.8777],
  ['Munich', 48.1351, 11.582],
  ['Nairobi', -1.2921, 36.8219],
  ['New York', 40.7128, -74.006],
  ['Oslo', 59.9139, 10.7522],
  ['Paris', 48.8566, 2.3522],
  ['Porto', 41.1579, -8.6291],
  ['Prague', 50.0755, 14.4378],
  ['Rome', 41.9028, 12.4964],
  ['San Francisco', 37.7749, -122.4194],
  ['São Paulo', -23.5505, -46.6333],
  ['Seattle', 47.6062, -122.3321],
  ['Seoul', 37.5665, 126.978],
  ['Singapore', 1.3521, 103.8198],
  ['Stockholm', 59.3293, 18.0686],
  ['Sydney', -33.8688, 151.2093],
  ['Tallinn', 59.437, 24.7536],
  ['Tokyo', 35.6762, 139.6503],
  ['Toronto', 43.6532, -79.3832],
  ['Vienna', 48.2082, 16.3738],
  ['Warsaw', 52.2297, 21.0122],
]

export const cities: readonly City[] = places.map(([name, lat, lon]) => ({ name, lat, lon }))

export function cityNamed(name: string): City | undefined {
  return cities.find(city => city.name === name)
}
