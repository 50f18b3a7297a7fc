// What this browser keeps of how somebody likes the console. Never what a server needs to know.

export function remembered(name: string) {
  try {
    return localStorage.getItem(`groundwork.${name}`)
  } catch {
    return null
  }
}

export function remember(name: string, value: string) {
  try {
    localStorage.setItem(`groundwork.${name}`, value)
  } catch {
    // a browser without storage forgets it at the next start, no more
  }
}
