import { stem } from './stem.ts'

/** English words that say little of what is asked: articles, pronouns, auxiliaries, and words of asking. */
const words = `
a an the and or but if then than that this these those there here it its it's is are was were be been being
am do does did doing done have has had having will would can could should shall may might must i me my mine
we us our you your yours he him his she her they them their who whom what which when where why how to of in
on at by for from with about into over after before between through during without within against as up
down out off again further once not no nor so too very just also only own same such some any all both each
few more most other another please want need like help get give let tell show know look looking find able
make there's i'd i'm i've what's let's provide provides using use used user users way
`

const stops = new Set(
  words
    .trim()
    .split(/\s+/)
    .flatMap((word) => [word, stem(word)]),
)

/** Whether a word or stem in lower case says little of what is asked. */
export function isStopWord(word: string): boolean {
  return stops.has(word)
}
