/** Words that name a checkpoint by what it is, wherever a checkpoint may be named; no label can be one. */
export const checkpointWords = ['lastCheckpoint', 'start', 'lastHealthy'] as const
