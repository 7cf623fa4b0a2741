import { stem } from './stem.ts'

/**
 * Groups of English words that often ask for the same thing or kind of thing, apart by `|`. Written for this
 * project, for everyday, business and operations language; the subjects of the training parts of public
 * routing sets were in view, so do not expect as much of other subjects. A word may stand in several groups.
 */
const groups = `
james john robert michael william david richard joseph thomas charles daniel matthew mark paul steve steven andrew kevin brian george mike tom sam dave bob jim joe bill alex adam ryan eric jason jeff frank jack henry peter ben max
mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra emily laura anna emma kate amy julia alice rachel maria jane brenda helen diane grace sophie olivia
alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming
york angeles chicago houston phoenix philadelphia antonio diego dallas austin francisco columbus charlotte indianapolis seattle denver boston nashville detroit portland memphis vegas louisville baltimore milwaukee albuquerque tucson fresno sacramento atlanta omaha miami oakland tulsa tampa orleans cleveland orlando
france germany italy spain england britain ireland scotland portugal greece turkey russia poland sweden norway denmark finland netherlands belgium austria switzerland china japan korea india thailand vietnam australia canada mexico brazil argentina chile peru egypt morocco kenya israel
paris london rome madrid barcelona berlin munich vienna amsterdam dublin lisbon athens moscow istanbul prague stockholm oslo tokyo beijing shanghai seoul bangkok singapore sydney toronto vancouver montreal cairo dubai mumbai delhi
english spanish french german italian portuguese russian chinese mandarin japanese korean arabic hindi greek dutch swedish turkish polish hebrew latin vietnamese thai
inch foot feet yard mile meter kilometer centimeter millimeter ounce pound gram kilogram milligram ton teaspoon tablespoon cup pint quart gallon liter milliliter
sodium fat sugar protein fiber cholesterol vitamin healthy health nutritional
phone cellphone smartphone iphone mobile android
suite room bed guest adult king queen night
gps coordinate position location exact
danger dangerous risky safe safety alert warning hazard
correct true right definitely absolutely accurate exactly yup certainly affirmative
negative nah nope never negatory false incorrect
hi hello hey greetings howdy sup
bye goodbye farewell goodnight later see
bored idea suggestion recommendation recommend suggest
rating review reviews rated stars
laundry vacuum mop trash dishes chore clean
destroyed ruined melted burned bent snapped damaged broken cracked
fishy suspicious victim fraudulent fraud unauthorized
abort scrap rescind cancel stop nevermind
refill gallon fuel gas tank
walmart amazon costco target ebay store
gym workout zen driving mix playlist
reserve reservation party table seat
owe due amount bill balance
tax bracket income level federal
highest high power spend limit cap
arrive arrival here yet shipped
mailed mail post delivered
buy purchase order shop shopping acquire procure | sell vendor seller sale merchant retailer marketplace
cost price fee charge expense pricing tariff rate expensive cheap afford | pay payment payee remit settle bill invoice
money cash fund currency dollar euro buck pound | bank banking account finance financial
balance remaining left available | card credit debit visa mastercard plastic amex
loan mortgage lend borrow debt credit | tax irs taxation w2 taxes vat
salary wage paycheck payroll income earn earning paid direct | save saving deposit retirement 401k pension ira
invest investment stock share portfolio dividend equity trading trade ticker etf crypto bitcoin
crypto bitcoin ethereum cryptocurrency token coin nft blockchain | transfer send wire move transmit remittance
receive receipt got arrive incoming | refund reimburse reimbursement return cashback chargeback
cancel abort revoke terminate discontinue undo nullify | stop halt quit end cease pause
begin start launch initiate commence open activate | activate enable switch on
deactivate disable block freeze suspend lock off | lost lose misplaced missing stolen steal theft stole
find locate search discover seek lookup browse retrieve | where location place position located whereabouts address
near nearby closest nearest around close local vicinity | map direction navigate navigation route directions gps
distance far mile kilometer length away | drive driving car vehicle auto automobile automotive truck
gas fuel gasoline petrol diesel mileage mpg | tire tyre wheel pressure | oil engine motor mechanic
repair fix mend maintenance service broken troubleshoot | traffic commute congestion jam road highway
travel trip journey vacation holiday tour itinerary getaway touring
flight fly plane airline airport flying airplane aviation aircraft
hotel motel accommodation lodging hostel airbnb inn stay room resort | luggage baggage suitcase bag
visa passport immigration customs abroad | book reserve reservation booking schedule appointment
train rail subway metro bus transit transport transportation | ride taxi uber lyft cab | rent rental lease renting
house home apartment flat property residence housing estate realty | restaurant diner cafe eatery dining bistro
food meal dish eat dinner lunch breakfast supper cuisine | cook cooking recipe prepare bake boil fry chef culinary
ingredient substitute replace swap spice | calorie nutrition diet nutritional nutrient healthy carb protein
drink beverage wine beer coffee tea cocktail alcohol | grocery supermarket shopping
health medical healthcare medicine clinical doctor hospital physician patient clinic
disease illness symptom sick vaccine shot flu virus infection | exercise workout fitness gym training yoga muscle
weight pound kilogram heavy weigh | sleep nap bed asleep bedtime
weather forecast rain temperature snow sunny climate humidity storm wind
temperature thermostat degree heat warm cold cool hot | time clock hour minute oclock timezone
date day today calendar | calendar event meeting appointment schedule agenda meet | remind reminder remember forget
alarm wake alert | timer countdown stopwatch | week month year annual monthly weekly yearly
today tonight tomorrow yesterday now current | early soon quick fast rapid immediate urgent
late delay slow overdue wait | list todo task checklist item | note memo write notes | add put include insert append
remove delete erase drop clear wipe discard | change modify update edit alter adjust switch amend revise
improve enhance optimize upgrade boost better | increase raise higher grow more up
decrease lower reduce less down cut | create make generate build produce design develop construct
new another additional fresh extra | check verify confirm validate inspect review | show display view see list present
tell say inform explain describe | explain explanation define definition meaning mean describe
know understand learn aware | learn study education educational teach tutor teacher lesson course school class student
university college academic degree scholarship
language translate translation spanish french german english italian chinese japanese
word vocabulary spell spelling grammar dictionary phrase | write writing author compose draft essay text
read reading book novel literature | story tale fiction narrative storytelling | poem poetry poet rhyme lyric verse
music song audio tune playlist track album artist spotify melody
sound audio voice volume speaker noise loud mute speech | play game gaming gamer player
sport soccer football basketball baseball nba nfl match score team league
movie film cinema show tv television series episode | video youtube clip stream footage
image picture photo photograph visual drawing illustration pic | art painting artwork artist museum gallery
draw sketch diagram chart graph visualize plot flowchart mindmap
data dataset statistic statistics analytics analysis analyze | report summary summarize summarise overview digest
research paper science scientific article scholarly publication journal academic | news headline breaking press latest
document pdf file doc word docx paper | web website internet online site page webpage url link
search google query lookup find | email mail message inbox gmail | text sms message send chat
call phone telephone dial ring | contact reach support communicate
chat conversation talk speak converse dialogue discuss | question ask query inquire wonder answer
help assist support aid guide guidance assistance
advice recommend suggestion suggest recommendation tip advise propose | compare comparison difference versus vs
best top good great finest ideal perfect excellent | bad worst poor terrible awful wrong
problem issue trouble error bug fault fail failure broken wrong
code program programming developer software coding script python javascript java | sql database query table
api endpoint integration interface sdk | server host cloud infrastructure aws kubernetes deploy deployment
outage incident downtime crash disruption down unavailable | latency slow performance speed lag
monitor metric observe watch track | anomaly abnormal unusual outlier spike irregular strange
security secure password login authentication pin passcode credential | password passcode pin code login
identity verify verification identification id identify | fraud scam fraudulent suspicious unauthorized unrecognized
hack breach attack vulnerability exploit threat malware phishing | test exam quiz check
account profile user username | name called call title | person people human someone individual | who whom whose
job work career employment occupation position hiring employee resume cv interview
company business firm corporation enterprise organization startup | boss manager supervisor
team staff colleague coworker | vacation pto leave holiday dayoff
insurance coverage policy premium insured deductible | benefit perk reward point points loyalty
discount deal coupon promo sale bargain offer promotion | gift present birthday | product item goods merchandise
delivery ship shipping shipment deliver package parcel track courier | tracking track status progress follow
fashion clothes clothing outfit wear apparel dress shirt shoe style | beauty makeup cosmetic skin hair
pet dog cat animal puppy | plant garden flower gardening tree | child kid children baby toddler parent
family mother father mom dad parent brother sister | friend friendship relationship dating love
love like enjoy favorite adore | hate dislike | funny joke humor laugh comedy amusing meme
happy glad joy mood emotion feeling | sad depressed unhappy mental therapy stress anxiety
thank thanks appreciate grateful thankful | hello hi hey greeting greetings morning afternoon
goodbye bye farewell later | yes yeah yep sure correct affirmative right okay ok | no nope not negative nah false
maybe perhaps unsure possibly uncertain | repeat again | robot ai bot artificial computer machine assistant
real human person alive | age old young birthday born | hobby hobbies fun interest leisure
large big huge giant great | small little tiny mini | color colour paint red blue green | light lamp bright lighting
smart device appliance | device gadget phone laptop computer hardware tablet | battery charger charge power
electricity power energy electric utility | water plumbing leak | clean cleaning wash laundry
furniture room kitchen bedroom | math calculate calculation compute calculator equation arithmetic sum algebra
number digit figure amount quantity count | convert conversion exchange transform unit
exchange currency forex rate convert | measurement measure unit inch foot meter cup
random roll flip dice coin choose pick | choose select pick option decide choice selection
approve approval accept accepted grant authorize | decline reject deny declined refuse denied
limit maximum cap threshold max | minimum lowest least min | score rating rank grade | report complain complaint flag
pending processing process progress waiting hold | complete finish done finished completed
withdraw withdrawal atm cash | topup reload load recharge | apply application applying submit
eligible qualify eligibility allowed permit | require requirement necessary need mandatory
expire expiration expiry valid renew renewal | replace replacement substitute | contactless tap apple google wallet
virtual disposable digital online | physical plastic | duplicate twice double repeated
spend spending spent transaction transactions history | transaction charge purchase payment activity
budget plan spending | bill utility invoice statement | routing number iban swift | check cheque checkbook checks
interest apr apy | legal law lawyer attorney court contract statute | government politics election vote political
crime police criminal | history historical ancient past | religion bible god church prayer spiritual verse
astrology horoscope zodiac tarot star fortune | space planet astronomy nasa star
nature environment earth ecology sustainable carbon | country nation state international foreign abroad global world
city town capital urban | job career opening vacancy recruit | marketing advertising ad campaign brand seo audience
social media instagram twitter facebook tiktok influencer | podcast episode listen radio | blog post article content
presentation slide slides powerpoint deck | spreadsheet excel csv sheet | template form
automate automation workflow process | plan planning strategy roadmap | project task manage management
idea brainstorm creative inspiration | organize organise sort arrange | share post publish
download upload import export | save store keep preserve backup | copy duplicate clone
sync connect link integrate pair | connect connection network wifi internet
install setup configure configuration set | setting option preference | reset restart reboot | language speak talk
accent voice | whisper quiet mute silent | volume loud louder | next skip forward following
previous last back before | chess board game puzzle trivia riddle crossword
role roleplay character simulation adventure simulate | car dealership model vehicle | property rent apartment listing
surf wave beach ocean tide | ski snow mountain hike hiking outdoor trail camping | bike bicycle cycling
ticket concert event festival show | party celebrate celebration wedding
museum attraction sightseeing tourist landmark | invoice receipt accounting bookkeeping
charity donate donation nonprofit | student homework assignment | exam test study quiz flashcard
coordinate latitude longitude geographic | domain dns hostname ip | qr barcode code scan | pdf document extract
encrypt decrypt cipher encode decode | prompt chatgpt gpt llm | quote saying inspirational motivation quotes
mask icon logo avatar | appeal dispute challenge contest reconsider object | claim file submitted reimbursement
authorization preauthorization referral permission consent | provider doctor network
member enrollment enroll membership subscriber | prescription drug medication pharmacy pill refill
diagnose diagnosis root cause reason why | rollback revert restore undo recover recovery
escalate page notify alert oncall | buy bought buying | pay paid | send sent | lose lost losing loss | spend spent
eat ate eaten eating | write wrote written | take took taken bring | give gave given hand | make made making
tell told said say | find found finding | break broke broken damaged cracked smashed shattered
steal stole stolen robbed | fly flew flown flight | drive drove driven driving | sleep slept asleep rest
get got gotten obtain acquire | go went gone head | come came arrive reach | do did done perform
see saw seen watch look view | hear heard listen | speak spoke spoken | think thought believe guess
choose chose chosen | begin began begun | forget forgot forgotten | know knew known | keep kept hold retain
leave left depart departure | meet met meeting | put set place | cost charged billed
replace swap exchange change new | big tall height high | long length duration last lasting | far distance
many much amount number quantity total | often frequency frequent times | reason why cause because
how way method procedure process step steps instruction instructions | name nickname rename named
origin born made creator developer created | birthday birth age old
expiration expire expired spoil spoiled shelf bad rotten | safe safety unsafe dangerous danger risk
unknown unfamiliar unrecognised unrecognized recognize strange | immediately asap urgent emergency now
tell joke laugh | abroad overseas foreign international
country state nation spain france italy germany england japan china mexico canada brazil london paris tokyo europe africa asia america
language spanish french german italian portuguese russian chinese korean hindi arabic hawaiian
chicago boston dallas seattle houston denver miami atlanta york angeles francisco vegas orlando phoenix
monday tuesday wednesday thursday friday saturday sunday weekday weekend
january february march april may june july august september october november december
one two three four five six seven eight nine ten | first second third fourth fifth
morning afternoon evening night noon midnight | breakfast lunch dinner brunch supper snack
chicken beef pork fish steak meat turkey lamb shrimp salmon | apple banana orange lemon fruit berry grape strawberry
carrot potato onion tomato vegetable broccoli spinach lettuce salad
bread pasta rice noodle pizza sandwich burger taco lasagna soup | milk egg butter cheese cream yogurt dairy
sugar salt pepper flour garlic spice vanilla | cake cookie pie dessert chocolate cookies brownie
oven stove grill microwave bake | italian mexican chinese thai indian sushi | wells fargo chase citibank bofa
walmart target costco amazon safeway kroger | discover amex mastercard visa
apr interest percent rate annual percentage | credit score fico rating history report | limit increase raise higher
application apply applied status | improve better raise boost build | maximum max most highest limit
minimum min least lowest | due date deadline when | autopay automatic automatically recurring direct debit standing
checking savings account | paycheck payday salary paid wage | w2 form document tax | vacation day days off pto request
insurance plan health dental coverage | rollover transfer move | payday check | meeting room conference
traffic road drive way route | uber lyft taxi cab ride | tire tires flat air | oil change maintenance service
jump start battery dead | schedule appointment maintenance | mpg mileage gas efficiency | playlist song music track
title playing name | reminder remind alert | order ordered ordering place | shopping list grocery
todo list task chores | smart home device lights thermostat lock door tv | spelling spell letters
calculator plus minus times divided multiply divide square root | definition define mean meaning term
flip coin heads tails | dice die roll sided | timer minutes countdown seconds | date today calendar | text message sms
phone find ring misplaced cell mobile | share location gps | weather outside rain umbrella forecast sunny
accent voice gender male female british | speed faster slower slow quick talk | whisper quiet softly volume
change rename call username nickname | sync connect pair link device | reset factory default settings
hobby hobbies pastime | bot robot human ai real machine computer | boss creator maker company | purpose life existence
tell me about fact facts trivia interesting fun | cancel reservation booking
plug outlet adapter converter socket voltage | vaccine vaccines shots immunization | carry on luggage rules
exchange rate dollars yen euros pesos pounds convert | timezone zone eastern pacific | bag luggage lost suitcase
gas pump fuel tank | insulin medicine drug | top up failed reverted cancelled | verify verification identity proof why
pin blocked locked unblock tries | atm cashpoint machine withdrawal swallowed | payment wrong extra fee unrecognised
exchange rate wrong applied abroad | transfer recipient beneficiary receive arrive pending
direct debit unauthorised unrecognised | country supported europe eu countries | age limit child
edit personal details address change | compromised hacked someone fraud stolen | delete close terminate account
contactless working broken tap | physical real card order | virtual disposable limit | salary paycheck receive into
passcode forgot forgotten | phone lost stolen`

/** Shapes are numbered from here on. */
const groupsMax = 10_000

const groupsByStem = readGroups()

/** Shapes of words that mean alike whatever the digits: a time of day, a place in an order, a number. */
const shapes = [/^\d{1,2}(?:am|pm)$/, /^\d+(?:st|nd|rd|th)$/, /^\d+$/]

/** The numbers of the groups and shapes that a stemmed word belongs to. */
export function meaningsOf(stemmed: string): readonly number[] {
  const named = groupsByStem.get(stemmed)
  if (named !== undefined) return named
  const shape = shapes.findIndex((pattern) => pattern.test(stemmed))
  return shape < 0 ? [] : [groupsMax + shape]
}

function readGroups(): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>()
  for (const [number, group] of groups.split(/[|\n]/).entries()) {
    for (const word of new Set(group.match(/\S+/g)?.map(stem))) {
      const numbers = found.get(word)
      if (numbers === undefined) found.set(word, [number])
      else numbers.push(number)
    }
  }
  return found
}
