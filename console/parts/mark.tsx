/** The mark: a layer lying on the ground line. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d="M6.5 5.5h8.2l2.8 6.5H8.8z" fill="currentColor" opacity="0.55" />
      <path d="M9.3 5.5h5.4l2.8 6.5H9.3z" fill="currentColor" />
      <rect x="2.5" y="15.5" width="19" height="3" rx="1.5" fill="currentColor" />
    </svg>
  )
}

export function Wordmark() {
  return (
    <span className="wordmark">
      <Mark size={26} />
      Groundwork
    </span>
  )
}
