/** The limits of the server. A refusal names the limit as it is spelled here. */
export const serverLimits = {
  /** Connections that may follow events at the same time. */
  streamsMax: 256,
  /** Characters that wait for a follower who reads slower than it happens; over it the follower is dropped. */
  streamCharactersMax: 4_194_304,
  /** Dead letters that one request redrives, or pages through. */
  deadLettersMax: 100_000,
  /** A follower hears something at least so often. */
  heartbeatMs: 15_000,
  /** Until then a request must be here as a whole. */
  requestMsMax: 60_000,
  /** How long requests under way may take when the server closes. */
  closeMsMax: 2_000,
} as const
