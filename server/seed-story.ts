// The demo tenant's story: three people bring a lighthouse back into service and open it to visitors. Days count back from the day it is seeded.
export const people = {
  ada: { name: 'Ada Keller', email: 'ada@lighthouse.example', role: 'owner' },
  grace: { name: 'Grace Nakamura', email: 'grace@lighthouse.example', role: 'admin' },
  linus: { name: 'Linus Berg', email: 'linus@lighthouse.example', role: 'member' },
} as const
export type Who = keyof typeof people
type Column = { id: string; name: string; category: 'todo' | 'doing' | 'done'; wipLimit: number | null }

export const projects = {
  LAMP: {
    name: 'Relight the lamp', by: 'ada', day: 28, wip: 'warn', description: 'The lamp went dark in March. It is to burn again before the autumn storms, on a tenth of the power.',
    columns: [
      { id: 'backlog', name: 'Backlog', category: 'todo', wipLimit: null }, { id: 'next', name: 'Next', category: 'todo', wipLimit: 5 }, { id: 'doing', name: 'Doing', category: 'doing', wipLimit: 3 },
      { id: 'review', name: 'Review', category: 'doing', wipLimit: 2 }, { id: 'done', name: 'Done', category: 'done', wipLimit: null },
    ] as Column[],
  },
  VISIT: {
    name: 'Visitor days', by: 'grace', day: 24, wip: 'block', description: 'Open the tower on six weekends: tickets, signs, helpers, and a website people find their way with.',
    columns: [
      { id: 'todo', name: 'To do', category: 'todo', wipLimit: null }, { id: 'doing', name: 'Doing', category: 'doing', wipLimit: 4 }, { id: 'done', name: 'Done', category: 'done', wipLimit: null },
    ] as Column[],
  },
} as const
export type ProjectKey = keyof typeof projects

/** What somebody did with a task, so many days ago. `says` may name people: @grace. */
export type Deed =
  | readonly [day: number, who: Who, does: 'assigns', to: Who]
  | readonly [day: number, who: Who, does: 'moves', to: string]
  | readonly [day: number, who: Who, does: 'says', text: string]
  | readonly [day: number, who: Who, does: 'ranks', priority: Priority]
  | readonly [day: number, who: Who, does: 'plans', dueInDays: number]
export type Priority = 'none' | 'low' | 'medium' | 'high' | 'urgent'
export type StoryTask = {
  key: string; in: ProjectKey; day: number; by: Who; title: string; description?: string; priority?: Priority; labels?: readonly string[]
  /** in days from today; negative is overdue */
  due?: number; of?: string; at?: string; deeds?: readonly Deed[]
}

/** The last one is the last thing that happens: where it is, the story is told. */
export const tasks: readonly StoryTask[] = [
  { key: 'survey', in: 'LAMP', day: 28, by: 'ada', title: 'Survey the lantern room', priority: 'high', labels: ['site'], description: 'Glass, gallery rail, wiring, bearing. Photographs of every pane.', deeds: [
    [28, 'ada', 'assigns', 'linus'], [27, 'linus', 'moves', 'doing'], [26, 'linus', 'says', 'Two panes cracked on the lee side, rail is sound. Photos are on the shared drive. @grace can you order glass?'], [26, 'grace', 'says', 'Ordered, six weeks.'], [25, 'linus', 'moves', 'review'], [25, 'ada', 'moves', 'done']] },
  { key: 'permit', in: 'LAMP', day: 28, by: 'ada', title: 'Permit from the coast authority', priority: 'urgent', labels: ['paperwork'], due: -10, deeds: [
    [28, 'ada', 'moves', 'next'], [27, 'ada', 'moves', 'doing'], [22, 'ada', 'says', 'They want the light character and a drawing of the sector shields.'], [18, 'ada', 'moves', 'review'], [12, 'ada', 'says', 'Granted until the end of next year.'], [12, 'ada', 'moves', 'done']] },
  { key: 'led', in: 'LAMP', day: 27, by: 'grace', title: 'Choose the LED array', priority: 'high', labels: ['hardware', 'power'], description: 'Nominal range 18 nautical miles, under 60 W, marine grade.', deeds: [
    [27, 'grace', 'assigns', 'grace'], [25, 'grace', 'moves', 'doing'], [23, 'linus', 'says', 'The two-tier array runs cooler. I would take that one.'], [21, 'grace', 'moves', 'review'], [20, 'ada', 'says', 'Agreed with the two-tier. @linus mind the mounting height.'], [20, 'ada', 'moves', 'done']] },
  { key: 'bearing', in: 'LAMP', day: 27, by: 'linus', title: 'Free the seized lens bearing', priority: 'medium', labels: ['hardware'], deeds: [
    [26, 'linus', 'assigns', 'linus'], [24, 'linus', 'moves', 'next'], [21, 'linus', 'moves', 'doing'], [19, 'linus', 'says', 'Penetrating oil and a night of patience. It turns.'], [17, 'linus', 'moves', 'done']] },
  { key: 'optics', in: 'LAMP', day: 26, by: 'ada', title: 'Clean and re-seat the Fresnel lens', priority: 'high', labels: ['hardware', 'heritage'], due: 3, description: 'Distilled water and lint-free cloth only. The brass frame stays as it is.', deeds: [
    [20, 'ada', 'assigns', 'linus'], [16, 'linus', 'moves', 'next'], [9, 'linus', 'moves', 'doing'], [6, 'linus', 'says', 'Upper two rings are done. The third has an old repair, @ada have a look before I go on.'], [5, 'ada', 'says', 'Leave the repair, it is from 1911 and holds.']] },
  { key: 'optics-rings', in: 'LAMP', day: 16, by: 'linus', of: 'optics', title: 'Clean rings one to four', labels: ['heritage'], deeds: [[16, 'linus', 'assigns', 'linus'], [9, 'linus', 'moves', 'doing'], [4, 'linus', 'moves', 'done']] },
  { key: 'optics-seat', in: 'LAMP', day: 16, by: 'linus', of: 'optics', title: 'New felt under the seat', deeds: [[9, 'linus', 'assigns', 'linus']] },
  { key: 'optics-photo', in: 'LAMP', day: 15, by: 'grace', of: 'optics', title: 'Photographs for the archive', labels: ['heritage'], deeds: [[8, 'grace', 'assigns', 'grace'], [3, 'grace', 'moves', 'done']] },
  { key: 'battery', in: 'LAMP', day: 25, by: 'grace', title: 'Batteries for three nights without sun', priority: 'medium', labels: ['power'], deeds: [
    [22, 'grace', 'assigns', 'grace'], [19, 'grace', 'moves', 'next'], [15, 'grace', 'moves', 'doing'], [13, 'linus', 'says', 'At 48 W and 15 h a night that is 2.2 kWh. Four of the big ones.'], [11, 'grace', 'moves', 'review'], [10, 'ada', 'moves', 'done']] },
  { key: 'solar', in: 'LAMP', day: 25, by: 'grace', title: 'Solar panels on the keeper\'s shed', priority: 'medium', labels: ['power', 'site'], due: 9, deeds: [
    [14, 'grace', 'assigns', 'linus'], [10, 'linus', 'moves', 'next'], [5, 'linus', 'moves', 'doing'], [2, 'linus', 'says', 'Rails are up. Panels wait for a day without wind.']] },
  { key: 'wiring', in: 'LAMP', day: 24, by: 'linus', title: 'Rewire the tower', priority: 'high', labels: ['power', 'safety'], due: -2, deeds: [
    [18, 'ada', 'assigns', 'linus'], [13, 'linus', 'moves', 'doing'], [8, 'linus', 'moves', 'review'], [7, 'ada', 'says', 'The inspector asks for a second breaker at the gallery. @linus'], [7, 'ada', 'moves', 'doing'], [3, 'linus', 'moves', 'review'], [1, 'ada', 'says', 'Inspection is booked for tomorrow morning.'], [0, 'linus', 'says', 'The inspector is in the tower. @ada he asks for the drawing of the breakers.']] },
  { key: 'character', in: 'LAMP', day: 23, by: 'ada', title: 'Program the light character: two flashes every ten seconds', priority: 'high', labels: ['software'], deeds: [
    [20, 'ada', 'assigns', 'grace'], [17, 'grace', 'moves', 'next'], [14, 'grace', 'moves', 'doing'], [12, 'grace', 'says', 'Flash lengths measured with the photodiode: 0.41 s and 0.40 s.'], [9, 'grace', 'moves', 'review'], [8, 'ada', 'moves', 'done']] },
  { key: 'failover', in: 'LAMP', day: 22, by: 'grace', title: 'Fall back to the second tier when the first fails', priority: 'medium', labels: ['software', 'safety'], due: 6, deeds: [
    [9, 'grace', 'assigns', 'grace'], [7, 'grace', 'moves', 'next'], [4, 'grace', 'moves', 'doing']] },
  { key: 'telemetry', in: 'LAMP', day: 21, by: 'grace', title: 'Send current, voltage and temperature ashore', priority: 'low', labels: ['software'], deeds: [
    [12, 'grace', 'assigns', 'grace'], [2, 'grace', 'moves', 'review'], [2, 'linus', 'says', 'Works here. What happens when the mobile link is down for a day?'], [0, 'grace', 'says', 'It keeps a week on the card and sends it later.']] },
  { key: 'glass', in: 'LAMP', day: 26, by: 'grace', title: 'Replace two cracked panes', priority: 'medium', labels: ['site'], due: 14, deeds: [[19, 'grace', 'assigns', 'linus'], [6, 'linus', 'moves', 'next']] },
  { key: 'rust', in: 'LAMP', day: 19, by: 'linus', title: 'Rust at the gallery door', priority: 'low', labels: ['site'] },
  { key: 'horn', in: 'LAMP', day: 18, by: 'ada', title: 'Does anybody still need the fog horn?', priority: 'none', labels: ['question'], deeds: [[17, 'linus', 'says', 'The fishing club asked the same. They would miss it.'], [16, 'ada', 'says', 'Then it stays. @grace please find out what a new compressor costs.'], [11, 'ada', 'ranks', 'low']] },
  { key: 'sector', in: 'LAMP', day: 15, by: 'ada', title: 'Red sector over the shoals', priority: 'high', labels: ['hardware', 'safety'], due: 5, description: 'Between 212 and 241 degrees, as the chart says.', deeds: [[12, 'ada', 'assigns', 'ada'], [6, 'ada', 'moves', 'next']] },
  { key: 'notice', in: 'LAMP', day: 13, by: 'ada', title: 'Notice to mariners', priority: 'urgent', labels: ['paperwork'], due: 1, deeds: [[11, 'ada', 'assigns', 'ada'], [4, 'ada', 'moves', 'next'], [1, 'grace', 'says', 'They print on Fridays. @ada it must be there by Thursday noon.']] },
  { key: 'spares', in: 'LAMP', day: 11, by: 'linus', title: 'A box of spares in the tower', priority: 'low', labels: ['hardware'] },
  { key: 'night', in: 'LAMP', day: 9, by: 'ada', title: 'First night on: who stands watch?', priority: 'medium', due: 12, deeds: [[8, 'linus', 'says', 'I take the first half.'], [8, 'grace', 'says', 'Second half is mine.']] },
  { key: 'gulls', in: 'LAMP', day: 5, by: 'linus', title: 'Gulls nest behind the panels', priority: 'none', labels: ['site'], deeds: [[3, 'ada', 'says', 'We wait until they have flown.']] },
  { key: 'log', in: 'LAMP', day: 3, by: 'grace', title: 'Keep the keeper\'s log in the app', priority: 'low', labels: ['software'] },

  { key: 'dates', in: 'VISIT', day: 24, by: 'grace', title: 'Agree on six weekends', priority: 'high', labels: ['planning'], deeds: [
    [24, 'grace', 'assigns', 'grace'], [23, 'grace', 'moves', 'doing'], [22, 'ada', 'says', 'Not the second one in June, that is spring tide.'], [21, 'grace', 'moves', 'done']] },
  { key: 'insurance', in: 'VISIT', day: 23, by: 'ada', title: 'Insurance for 15 people on the stairs', priority: 'high', labels: ['paperwork'], deeds: [[23, 'ada', 'assigns', 'ada'], [19, 'ada', 'moves', 'doing'], [13, 'ada', 'moves', 'done']] },
  { key: 'website', in: 'VISIT', day: 22, by: 'grace', title: 'A page people find their way with', priority: 'medium', labels: ['website'], due: 4, description: 'Opening times, tide table, how to get here by bus. Readable on a phone in the wind.', deeds: [
    [20, 'grace', 'assigns', 'grace'], [15, 'grace', 'moves', 'doing'], [10, 'linus', 'says', 'The tide table comes as a file every January, I can turn it into a list.']] },
  { key: 'website-map', in: 'VISIT', day: 15, by: 'grace', of: 'website', title: 'Map with the bus stop', labels: ['website'], deeds: [[15, 'grace', 'assigns', 'grace'], [9, 'grace', 'moves', 'done']] },
  { key: 'website-tide', in: 'VISIT', day: 10, by: 'linus', of: 'website', title: 'Tide table as a list', labels: ['website'], deeds: [[10, 'linus', 'assigns', 'linus'], [6, 'linus', 'moves', 'doing']] },
  { key: 'tickets', in: 'VISIT', day: 21, by: 'grace', title: 'Tickets for a time slot', priority: 'high', labels: ['website'], due: -1, deeds: [[16, 'grace', 'assigns', 'linus'], [11, 'linus', 'moves', 'doing'], [4, 'grace', 'says', '@linus how far is it? The mayor wants to announce it.'], [4, 'linus', 'says', 'Slots work, the mail with the ticket does not look good yet.'], [0, 'grace', 'ranks', 'urgent']] },
  { key: 'signs', in: 'VISIT', day: 20, by: 'ada', title: 'Signs from the harbour to the tower', priority: 'low', labels: ['print'], due: 18, deeds: [[14, 'ada', 'assigns', 'grace']] },
  { key: 'helpers', in: 'VISIT', day: 18, by: 'grace', title: 'Twelve helpers, two for every weekend', priority: 'medium', labels: ['planning'], due: 8, deeds: [[17, 'grace', 'assigns', 'ada'], [12, 'ada', 'moves', 'doing'], [3, 'ada', 'says', 'Nine so far. The rowing club sends two.'], [0, 'linus', 'says', 'My sister comes too, so twelve.'], [0, 'ada', 'moves', 'done']] },
  { key: 'steps', in: 'VISIT', day: 14, by: 'linus', title: 'Anti-slip strips on 149 steps', priority: 'high', labels: ['safety'], deeds: [[13, 'linus', 'assigns', 'linus'], [10, 'linus', 'moves', 'doing'], [7, 'linus', 'moves', 'done'], [7, 'grace', 'says', 'Counted them. It is 149.']] },
  { key: 'story', in: 'VISIT', day: 12, by: 'ada', title: 'The story of the light in ten panels', priority: 'medium', labels: ['print', 'heritage'], due: 20, deeds: [[10, 'ada', 'assigns', 'ada']] },
  { key: 'cafe', in: 'VISIT', day: 8, by: 'grace', title: 'Coffee in the keeper\'s kitchen', priority: 'none', labels: ['question'], deeds: [[7, 'linus', 'says', 'Yes.'], [6, 'ada', 'says', 'Only if somebody else washes up.']] },
  { key: 'mayor', in: 'VISIT', day: 4, by: 'grace', title: 'Invite the mayor to the first evening', priority: 'medium', labels: ['planning'], deeds: [[2, 'grace', 'assigns', 'ada'], [1, 'ada', 'plans', 7]] },
  { key: 'storm', in: 'VISIT', day: 0, by: 'ada', title: 'What do we do with visitors when a storm comes up?', priority: 'high', labels: ['safety', 'question'] },
]
