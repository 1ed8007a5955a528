// What the benchmark of observation asks, over HTTP and without a network.

export const path = '/events'
export const fields = {
  Host: 'h.example',
  'User-Agent': 'bench',
  Accept: '*/*',
  'Accept-Encoding': 'gzip, br',
  'X-Lang': 'fr',
  'X-Zone': 'west',
}
