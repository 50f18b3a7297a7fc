// The password rule (NIST SP 800-63B): length counts, composition does not; the common, the guessable and what holds the person's own name or
// address are refused. Common ones are recognised by what they are made of, so that `P@ssw0rd2026!` needs no line of its own in a list.
export const minLength = 8
export const maxLength = 256

/** Stems of the passwords that lead every published list of leaked ones. */
const stems = `password passwort passwd pass motdepasse contrasena senha parola haslo wachtwoord losenord salasana qwerty qwertz azerty qwertyuiop qwertzuiop azertyuiop asdf asdfgh asdfghjkl zxcvbn zxcvbnm
  qazwsx qazwsxedc qweasd qweasdzxc zaqwsx wasd letmein welcome willkommen bienvenue admin administrator root login user guest test tester testing temp temporary default changeme change secret
  geheim master monkey dragon football baseball basketball hockey soccer golf tennis batman superman spiderman ironman pokemon naruto starwars matrix princess prinzessin sunshine shadow michael
  michelle jessica jennifer jordan thomas daniel andrew joshua matthew robert charlie george william anthony ashley nicole hannah amanda samantha elizabeth victoria alexander maximilian buster
  hunter ranger killer trustno iloveyou iloveu loveyou lovely love forever flower butterfly summer winter spring autumn fall sommer herbst monday friday january february march april june july
  august september october november december computer internet server database windows linux android google facebook twitter instagram youtube amazon microsoft apple samsung nokia yamaha
  ferrari porsche mercedes mustang corvette harley cheese chocolate cookie banana orange pepper ginger coffee whatever freedom liberty america london berlin paris moscow chelsea arsenal
  liverpool barcelona madrid juventus bayern dortmund schalke yankees lakers cowboys eagles packers steelers access accord account success money business company office manager service support
  system groundwork abc abcd abcde abcdef abcdefg abcdefgh abcdefghi aaaaaa xxxxxx q1w2e3r4 q1w2e3r4t5 1q2w3e4r 1qaz2wsx zaq12wsx a1b2c3 a1b2c3d4 asd123 qwe123 abc123 correct horse battery staple
  correcthorse correcthorsebatterystaple hello hallo hello world helloworld foobar foo bar blink mobile phone samsung hottie angel angels baby babygirl buddy chicken diamond donald jesus christ
  blessed family friends happy heaven junior kitten lucky magic maggie martin marina merlin midnight mother father music nothing passion patrick peanut player please prince purple rainbow rocket
  scooter secure security silver smokey snoopy soleil starlight sweet sweety thunder tigger tiger united viking warrior wizard yellow zombie`.split(/\s+/)
const common = new Set(stems)
const likeLetters: Record<string, string> = { '@': 'a', 4: 'a', 3: 'e', 1: 'i', '!': 'i', 0: 'o', $: 's', 5: 's', 7: 't' }
const rows = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'qwertzuiop', 'asdfghjkl', 'zxcvbnm', 'yxcvbnm', 'azertyuiop', 'qazwsxedcrfvtgbyhnujmikolp', '1qaz2wsx3edc4rfv5tgb6yhn7ujm', '1q2w3e4r5t6z7u8i9o0p', '1q2w3e4r5t6y7u8i9o0p']
const isRun = (text: string) => rows.some((row) => row.includes(text) || [...row].reverse().join('').includes(text))

/** How many guesses' worth of parts: common words, runs of keys, repeats and years count as one each, anything else by its letters. */
function partsOf(text: string): number {
  let parts = 0
  for (let at = 0; at < text.length; ) {
    let length = 0
    for (let end = Math.min(text.length, at + 26); end - at >= 3; end--) {
      const piece = text.slice(at, end)
      if (common.has(piece) || isRun(piece) || /^(.)\1+$/.test(piece) || /^(19|20)\d\d$/.test(piece) || /^(.{2,4})\1+$/.test(piece)) {
        length = piece.length
        break
      }
    }
    parts += length ? 1 : 0.5
    at += length || 1
  }
  return parts
}

/** What is wrong with a password, in words that cure; undefined when it will do. @param own address and name of the person */
export function faultOfPassword(password: string, own: readonly string[] = []): string | undefined {
  if ([...password].length < minLength) return `must have at least ${minLength} characters; a few words in a row are easy to keep in mind`
  if (password.length > maxLength) return `must have at most ${maxLength} characters`
  const plain = password.toLowerCase()
  for (const text of own.flatMap((o) => [o, o.split('@')[0]!]).map((o) => o.toLowerCase().trim())) {
    if (text.length >= 4 && plain.includes(text) && plain.length - text.length < minLength) return 'must not be made of your name or address'
  }
  if (new Set(plain).size < 4) return 'repeats the same few characters: choose another'
  const spell = (text: string) => [...text].map((c) => likeLetters[c] ?? c).join('')
  const tail = /[^a-z]*$/.exec(plain)![0]
  const stem = plain.slice(0, plain.length - tail.length)
  if (Math.min(partsOf(plain), partsOf(spell(plain)), partsOf(spell(stem)) + partsOf(tail)) < 3) return 'is one of the common ones, or close to them: choose another'
}
