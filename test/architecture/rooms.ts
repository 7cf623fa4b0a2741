const lower = ['core', 'storage', 'workflow', 'agents', 'tda', 'builtins', 'state', 'patterns']
const upper = ['engine', 'mesh', 'semantic', 'security', 'observability', 'placement']
const house = [...lower, ...upper]

/**
 * The rooms of `src/` and the rooms that each of them may import. A folder under `src/integrations/` is a
 * room of its own with the arrows of `integrations`; none of them imports another.
 */
export const arrows: ReadonlyMap<string, readonly string[]> = new Map([
  ['core', []],
  ['storage', ['core']],
  ['workflow', ['core']],
  ['agents', ['core', 'storage']],
  ['tda', ['core']],
  ['builtins', ['core', 'agents', 'tda']],
  ['state', ['core', 'storage']],
  ['patterns', ['core', 'workflow']],
  ['engine', ['core', 'storage', 'workflow', 'agents', 'state', 'patterns']],
  ['mesh', ['core']],
  ['semantic', ['core', 'storage', 'workflow', 'agents', 'mesh', 'tda', 'patterns']],
  ['security', ['core', 'storage']],
  ['observability', ['core']],
  ['placement', ['core']],
  ['integrations', house],
  ['server', house],
  ['testing', house],
  ['cli', [...house, 'integrations', 'server']],
  // The package's front door, `src/index.ts`, hands out what the rooms offer.
  ['index', house],
])

/** The ground floor has no `index.ts`: each of its files is small, imports none of ours but its neighbours, and is entered directly. */
export const openRooms: ReadonlySet<string> = new Set(['core'])

/** Files, or all files of a folder (`…/`), that may enter a room past its `index.ts`, each with the one file it enters by and the reason. */
export const sideDoors: readonly {
  readonly from: string
  readonly to: string
  readonly because: string
}[] = [
  {
    from: 'src/cli/journal-file.ts',
    to: 'src/engine/journal/sqlite-reader.ts',
    because:
      'loading the whole engine takes several times as long as `ls` and its like, which answer at once',
  },
  {
    from: 'src/integrations/temporal/',
    to: 'src/engine/hosted.ts',
    because:
      'the sandbox of a Temporal workflow has no files and no SQLite, which the whole engine needs',
  },
]

/** Whether `sideDoors` has this entry. */
export function isSideDoor(from: string, to: string): boolean {
  return sideDoors.some((door) => door.to === to && isFrom(door.from, from))
}

/** Whether a door's `from` means the file. */
export function isFrom(door: string, file: string): boolean {
  return door.endsWith('/') ? file.startsWith(door) : file === door
}

/** The room of a file, by its path from the repository's root; null outside `src/`. */
export function roomOf(path: string): string | null {
  const [root, first = '', second = ''] = path.split('/')
  if (root !== 'src') return null
  if (first.endsWith('.ts')) return first === 'index.ts' ? 'index' : first
  return first === 'integrations' ? `integrations/${second}` : first
}

/** The rooms that a room may import; undefined for a room that the table does not know. */
export function allowedRooms(room: string): readonly string[] | undefined {
  return arrows.get(kindOf(room))
}

/** Whether the table lets `from` import `to`. */
export function isAllowed(from: string, to: string): boolean {
  return from === to || (allowedRooms(from)?.includes(kindOf(to)) ?? false)
}

function kindOf(room: string): string {
  return room.startsWith('integrations/') ? 'integrations' : room
}
