// Secrets have no place in a definition: it is shown, versioned, exported. These patterns know what the common ones look like.

// bounded quantifiers only: they run over text a stranger wrote, and an unbounded one takes seconds on 240 kB
const patterns: readonly RegExp[] = [
  /sk-[A-Za-z0-9_-]{16,200}/, /sk_(live|test)_[A-Za-z0-9]{10,200}/, /AKIA[0-9A-Z]{16}/, /gh[pousr]_[A-Za-z0-9]{20,200}/, /github_pat_[A-Za-z0-9_]{20,200}/, /xox[baprs]-[A-Za-z0-9-]{10,200}/,
  /\bgws?_[A-Za-z0-9_-]{20,200}/, /whsec_[A-Za-z0-9+/=]{16,200}/, /AIza[0-9A-Za-z_-]{30,60}/, /\bSG\.[A-Za-z0-9_-]{16,80}\.[A-Za-z0-9_-]{16,80}/,
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY/, /eyJ[A-Za-z0-9_-]{10,300}\.[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{5}/,
  /\b(?:password|passwd|secret|api[_-]?key|access[_-]?key|token)\b["']?\s{0,5}[:=]\s{0,5}["']?[^\s"'${]{6}/i,
  /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^/\s:@]{1,200}:[^/\s:@]{3,200}@/, /\b(?:Bearer|Basic)\s{1,5}(?!\$\{\{)[A-Za-z0-9._+/=-]{12}/,
]

/** Whether a text looks as if it held a secret's value. */
export const looksSecret = (text: string): boolean => patterns.some((pattern) => pattern.test(text))
