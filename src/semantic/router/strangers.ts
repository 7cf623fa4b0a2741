/**
 * Sentences that hardly any agent is for: trivia, musings and small talk, written for this project. A router
 * that was given no tasks that fit nobody learns from these what a stranger's score looks like.
 */
export const strangers: readonly string[] = `
who wrote the novel about the white whale
my dog ate my homework again
why do cats purr when they are happy
hello there
good morning everybody
tell me a riddle about a fox
how many moons does jupiter have
the sky is very blue this evening
what did the ancient romans wear on their feet
i dreamed of a green horse last night
is a tomato a fruit or a vegetable
how deep is the deepest part of the ocean
my grandmother knits wonderful scarves
which composer was deaf at the end of his life
do fish ever sleep
what makes bread rise in the oven
who was the first person on the moon
the leaves turn red in autumn
how old is the oldest tree on earth
sing me something about the sea
i think therefore i am
why is the grass green
what is the plural of octopus
how do bees find their way back to the hive
my neighbour plays the trumpet badly
what would happen if the earth stopped spinning
who painted the ceiling of the famous chapel
are there penguins at the north pole
lorem ipsum dolor sit amet
asdf qwerty jkl
blah blah blah
that was a lovely film we saw
how tall was the tallest dinosaur
what colour is a polar bear's skin
do you believe in ghosts
the quick brown fox jumps over the lazy dog
how many bones does a shark have
who invented the umbrella
why do we yawn when others yawn
my shoes are wet from the puddle
is glass a liquid
which river flows through seven countries
what is the opposite of yesterday
how does a magnet know where north is
i like turtles
who won the battle near the old mill
the moon looks enormous tonight
how do volcanoes erupt
what do owls eat in winter
can a parrot live for a hundred years
why is saturn surrounded by rings
please write a poem about autumn rain
`
  .trim()
  .split('\n')
