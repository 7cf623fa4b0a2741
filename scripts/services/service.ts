/** A server that suites and examples use, brought by the registries and run on loopback. */
export interface Service {
  readonly name: string
  readonly version: string
  readonly port: number
  /** How programs are told where it is, e.g. `REDIS_URL=redis://127.0.0.1:6379`. */
  readonly setting: string
  /** Puts the software into an empty folder. */
  install(software: string): Promise<void>
  /** The program that runs it in the foreground with its data in `data`; called before each start. */
  start(folders: Folders): Promise<ServerCommand>
  /** Whether it answers as it should; it may throw while it does not. */
  answers(folders: Folders): Promise<boolean>
}

/** Absolute paths. */
export interface Folders {
  readonly software: string
  /** Kept between starts. */
  readonly data: string
}

export interface ServerCommand {
  readonly program: string
  readonly words: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}
