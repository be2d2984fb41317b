"""Present danger told without its usual words: by comparison, by what no longer works, by how it came (agent.md"
" 4)."""

from app.domain.phrases import phrase
from app.domain.screening_words_calm import CALM, HYPOTHETICAL, NOT_OWN_TOOTH

_BODY = r"(?:face|cheeks?|jaw|neck|lips?|gums?|mouth|chin|eyelid|eye|tongue|throat|head|side)"
_LIKE = (
    r"(?:golf ?ball|tennis ?ball|baseball|softball|grapefruit|orange|lemon|egg|plum|balloon|apple|melon|walnut"
    r"|ping ?pong ball"
    r"|chipmunk|hamster|squirrel|pumpkin|potato|elephant|blowfish|puffer ?fish|baseball|bowling ball|rock|peach"
    r"|lime|fist)"
)
_HURTS = r"(?:pains?|painful|hurts?|hurting|ache|aching|toothache|throb\w*|swell\w*|swollen|agony|bleed\w*)"

EMERGENCY_UNDERSTATED = (
    phrase(
        "emergency.swelling",
        rf"\b{_BODY}\b<gap>\b(?:twice|double|doubled|triple|three times|2x|3x|huge|enormous|massive"
        rf"|giant)\b(?! (?:smile|grin|as))",
        rf"\b{_BODY}\b<far>\b(?:like|size of|as big as|resembl\w+|turned into|became) (?:an? |the |i have "
        rf"|i swallowed )?(?:\w+ )?{_LIKE}",
        rf"\b(?:look|looks|looking|feel) like (?:an? |the )?(?:\w+ )?(?:{_LIKE}|elephant man|quasimodo|boxer|rocky"
        rf"|chipmunk)\b(?=[^|]*\b(?:tooth"
        r"|jaw|cheek|face|fever|hot|extraction|side|molar)\b)",
        rf"\b(?:one|left|right|whole|entire|half) (?:side )?(?:of )?(?:my |his |her )?{_BODY}<near>\b(?:bigger|big"
        rf"|fat|hot|hard|tight|numb|out to"
        r" here|sticking out|unrecogni[sz]able)\b",
        r"\b(?:can not|can barely|could not|can hardly|not able to|can only)<near>\bsee<near>\b(?:out of|eye)\b"
        r"|\beye\b<gap>\b(?:closing|shutting|swollen"
        r"|shut|closed up)\b",
        r"\b(?:swell\w*|swollen|swelled|puffy|lump|bulg\w*)\b<far>\b(?:eye|eyebrow|neck|throat|ear|temple"
        r"|collar ?bone|chest)\b|\b(?:cheek|face|jaw|gum|neck)\b<gap>\b(?:bulg\w*|blown up|blew up|ballooned|rigid"
        r"|enlarged|rock hard|hot and)\b",
        r"\b(?:vision|sight)\b<near>\b(?:blurr\w*|double|going|weird)\b|\bsee(?:ing)? double\b"
        r"|<start>(?:emergency )?(?:swelling|swollen)(?: emergency)?<end>|\bfa[cs]e (?:is )?(?:all |so |really "
        r"|very )?swoll?en\b|\b(?:finished|took|on) (?:the )?(?:amoxicillin|antibiotics?)\b<gap>\b(?:bigger|size"
        r"|worse|swollen|swelling)\b",
        r"\b(?:puffy|puffed|swell\w*|swollen|hot lump|hard lump)\b<far>\b(?:neck|under my (?:chin|jaw|tongue)|eye"
        r"|throat|floor of|breath|swallow"
        r"|fever|temperature|chills|hot)\b",
        unless=(*CALM,),
        negatable=True,
    ),
    phrase(
        "emergency.bleeding",
        r"\b(?:clots?|lumps of blood)\b<gap>\b(?:size|spit\w*|com\w*|big|mouth)\b"
        r"|\bspitting (?:out )?(?:\w+ )?(?:clots?|blood)\b|\bblood\b<near>\b(?:all over|everywhere)\b"
        r"|\b(?:bleed\w*|bled)\b<gap>\b(?:is back|came back|heavier|worse|since|all day|for (?:an|two|three|four"
        r"|five|six|\d+) ?h\w*|towels?)\b"
        r"|\b(?:not|never) (?:\w+ )?stopped bleed\w*|\b(?:stop|control) (?:this|the|my) bleed\w*|\b(?:mouth|face"
        r"|lip|tongue|nose) (?:is |was )?bleed\w*|\b(?:with|from) the bleed\w*|\bblood (?:blood )?(?:\|)? ?(?:will"
        r"|would) not stop\b|\b(?:third|second|fourth|fifth|\d(?:rd|nd|th)) (?:towel|gauze|tissue|pad)\b",
        r"\bblood\b<near>\b(?:keeps?|keep|pool\w*|is pool\w*|still coming|coming|won t|not clot\w*|will not clot)\b",
        r"\b(?:gush\w*|spurt\w*|pour\w* out)\b|\b(?:not|never|will not) clot\w*",
        r"\b(?:gone|going|went|been) through<gap>\b(?:gauze|towels?|tissues?|paper towels|washcloth|pads?|rolls?"
        r"|pillow ?case)\b",
        r"\b(?:pillow|sheets|towel|gauze|sink|shirt|tissue)\w*\b<gap>\b(?:covered|full|soaked|red"
        r"|drenched)\b<near>\b(?:blood|with|in|of|from)\b"
        r"|\b(?:pillow|sheets|bed|sink|shirt)\w*<near>\b(?:blood\w*)\b",
        r"\b(?:since|from) (?:the |my |yesterdays? |last )?(?:extraction|surgery|pulled|yesterday|last night"
        r"|this morning|noon|hours)"
        r"<gap>\bbleed\w*|\bbleed\w*<far>\b(?:dizzy|faint\w*|light ?headed|weak|blood thinner|warfarin|eliquis"
        r"|hours now|since)\b",
        r"\b(?:light ?headed|dizzy|faint|woozy)\b<far>\b(?:bleed\w*|blood|extraction|surgery)\b",
        unless=(*CALM, r"\b(?:brush\w*|floss\w*|a little|a bit|slightly|for (?:months|years)|sometimes|when i)\b"),
        negatable=True,
    ),
    phrase(
        "emergency.severe_pain",
        r"\b(?:throbbing|pain|ache|toothache|it|this|that)\b<far>\b(?:pain ?killers?|ibuprofen|tylenol|advil"
        r"|nothing|meds|pills|aspirin|codeine|otc\w*)"
        r"\b<near>\b(?:will not|does not|do not|can not|not|barely|hardly|even)<near>\b(?:touch|help|work|dent"
        r"|cut it|doing|scratch)\w*",
        r"\b(?:excruciating\w*|agoni[sz]ing|unbearable|insufferable|unendurable|torture|agony)\b|\b(?:pain|ache"
        r"|toothache|tooth|jaw)\b<gap>\b(?:blinding|exploding|on fire|pounding|hammer\w*|drilling|stabb\w*"
        r"|screaming|brutal|savage|hell)\b|\b(?:side|half) of (?:my|his|her) (?:head|face)\b<gap>\b(?:pound\w*"
        r"|throb\w*|on fire|explod\w*)\b"
        r"|\b(?:can not|could not|not able to) (?:even )?(?:touch|cope with|deal with|take|stand|bear|handle"
        r"|do) (?:my face|this pain|the pain|this any ?more|this much longer|it any ?more|my jaw|this ache)\b"
        r"|\bpac(?:e|ing) the (?:floor|room|house)\b|\b(?:hammering|driving|banging) (?:a |an )?(?:nail|spike)\b"
        r"|\bliv(?:e|ing) on (?:\w+ (?:and )?)?<drug>",
        r"\b(?:up|awake) all night\b<gap>\b(?:cry\w*|tooth|pain|hurt\w*|throb\w*|molar)\b|\bpain woke me\b"
        r"|\bwoken? (?:up )?(?:by|with) (?:the )?(?:pain|tooth)\w*|\bcry\w* from (?:this|my|the) (?:tooth|pain)\b"
        r"|\b(?:tooth|nerve)\b<gap>\b(?:exposed|raw nerve)\b<gap>\b(?:excruciat\w*|agony|unbear\w*|help"
        r"|desperate)\b|\b(?:rather|easier to) give birth\b|\btoo?th agony\b",
        r"\b(?:climbing|bouncing off|crawling up) the walls?\b|\bseeing stars\b|\bcrawling out of my skin\b"
        r"|\brip(?:ping)? (?:my|his|her|this|it) "
        r"(?:\w+ )?(?:out myself|face off|head off|tooth out)\b|\bpliers\b|\bpull(?:ing)? it (?:out )?myself\b",
        r"\b(?:can not|could not|did not|have not|not) (?:\w+ )?(?:sle(?:ep|pt)|eat|eaten|chew|think|work|function"
        r"|talk)\b<far>\b(?:tooth|molar|jaw|mouth|pain|ache"
        r"|hurts?|throb\w*|wisdom)\b",
        r"\b(?:tooth|molar|jaw|mouth|pain|ache|hurts?|throb\w*|wisdom)\b<far>\b(?:no sleep|zero sleep|(?:not"
        r"|have not|hardly|barely|can not) (?:been able to )?"
        r"(?:sle(?:ep|pt)|eat|eaten)|awake (?:all|since|for)|up (?:all night|since \d|at \d)|on the floor|in tears"
        r"|sobbing|bawling|crying|screaming|writhing|begging)\b",
        r"\b(?:begging|desperate|dying)\b<gap>\b(?:pain|tooth|help|here)\b|\bpain\b<near>\b(?:radiat\w+|shoot\w+"
        r"|going up|into my (?:ear|eye|head|neck))\b<far>"
        r"\b(?:can not|unbearable|bad|swell\w*|swollen|fever|swallow|worse)\b",
        r"\bhurts? (?:so|too|unbelievably|insanely|incredibly) (?:much|bad|badly|freaking|f\w*ing)\b|\b(?:worst"
        r"|most) (?:pain|thing)<near>\b(?:life|ever)\b",
        r"\b(?:worse than|like) (?:child ?birth|labor|giving birth|a knife|someone stabb\w*|being stabbed"
        r"|an ice ?pick|a drill)\b",
        r"\b(?:gave|giving) birth\b<gap>\b(?:worse|less)\b|\b(?:dying|die) (?:of|from|with|in) pain\b",
        unless=(
            *CALM,
            r"\b(?:price|bill|cost|prices|hold music|schedule)\b",
            rf"^(?!.*\b{_HURTS}\b).*\bgive (?:the|my|that) (?:slot|place|spot|time)\b",
        ),
        negatable=True,
    ),
    phrase(
        "emergency.severe_pain",
        r"\b(?:9|10|11|nine|ten|eleven) (?:out of|over|/|on) (?:a )?(?:10|ten)\b",
        unless=(*CALM, rf"^(?!.*\b{_HURTS}\b).*\b(?:recommend|wonderful|brilliant|fantastic|amazing|excellent)\b"),
        negatable=True,
    ),
    phrase(
        "emergency.airway",
        r"\b(?:throat|airway|windpipe)\b<gap>\b(?:tight\w*|clos\w+|narrow\w*|swell\w*|swollen|block\w*|lump|weird"
        r"|funny|scratchy and)\b",
        r"\b(?:tongue|lips?|mouth|throat|face)\b<gap>\b(?:getting|is|are|feels?|going|went|growing"
        r"|keeps? getting) (?:\w+ )?(?:bigger|huge|thick|fat|tingl\w+ and|fuzzy and)\b",
        r"\b(?:hard time|difficult|tough|trouble|tricky|struggle|struggling)\b<near>\b(?:getting air"
        r"|getting breath|air|breath\w*|swallow\w*)\b|\b(?:swallow\w*|breath\w*)\b<gap>\b(?:tricky|difficult|hard"
        r"|getting (?:hard|difficult)\w*|painful|trouble|problem)\b|\b(?:hives|welts)\b|\b(?:stuck"
        r"|lodged) in (?:my|his|her) (?:throat|airway|windpipe)\b",
        r"\b(?:drooling|can not (?:even )?swallow|can not get (?:it|anything|water|food|spit) down|choking"
        r"|wheez\w*|short of breath|gasping|out of breath|breathing (?:is )?(?:funny|weird"
        r"|fast|hard|heavy|difficult|shallow))\b",
        r"\b(?:hives|rash|itch\w*)\b<far>\b(?:after|since|from) (?:the |taking |my |that "
        r"|i took )*(?:\w+ )?(?:shot|injection|antibiotics?|amoxicillin|penicillin|medicine|medication|meds|pill"
        r"|clindamycin|anesthe\w+|numbing)\b|\b(?:after|since|took|taking) (?:the |that |my "
        r"|this )?(?:\w+ )?(?:shot|injection|antibiotics?|amoxicillin|penicillin|medicine|medication|meds"
        r"|pills?|clindamycin|anesthe\w+)\b<far>\b(?:hives|rash|throat|lips|tongue|swell\w*|swollen|breath\w*"
        r"|itch\w*)\b",
        unless=(
            *CALM,
            r"\b(?:allergic to|allergy|can i|stuffy|cold|when you|gives me|gave me)\b(?!.*\b(?:now|throat"
            r"|breath\w*)\b)",
        ),
        negatable=True,
    ),
    phrase(
        "emergency.trauma",
        r"\b(?:tooth|teeth|incisors?)\b<far>\b(?:in (?:a cup of |a glass of |some )?milk|in my hand|in a (?:napkin"
        r"|tissue|bag|cup|baggie)|on the (?:floor|ground|field)|hanging|dangling|by a thread"
        r"|pushed (?:up|in|back)|jammed|out of (?:its|the) socket|bent (?:back|in))\b",
        r"\b(?:fell|fallen|hit|punched|elbow\w*|kick\w*|accident|crash\w*|wreck\w*|bike|bicycle|scooter|skateboard"
        r"|trampoline|stairs|pool|hockey|soccer|basketball|football|baseball|bat|fight|airbag|dashboard|swing"
        r"|monkey bars|treadmill|headbutt\w*|collided|faceplant\w*)\b<far>\b(?:tooth|teeth|jaw|mouth|lip|chin|face"
        r"|incisors?)<gap>\b(?:broke\w*|bleed\w*|blood|loose|out|cut|split|gash|crooked|cracked|missing|gone"
        r"|snapped|half"
        r"|swell\w*|swollen|pushed|moved|chipped|can not)\b",
        r"\b(?:tooth|teeth|jaw|lip|chin|incisors?)<gap>\b(?:broke\w*|bleed\w*|loose|knocked|cut|split|crooked"
        r"|cracked|missing|snapped|pushed|moved|busted|smashed)\b<far>\b(?:fell|fall|hit|punched|elbow\w*|kick\w*"
        r"|accident|crash\w*"
        r"|wreck\w*|bike|bicycle|scooter|skateboard|trampoline|stairs|hockey|soccer|basketball|football|baseball"
        r"|fight|game|practice)\b",
        r"\b(?:puck|bat|ball|elbow|fist|punch|knee|kick|racket|club)\b<gap>\b(?:face|mouth|jaw|teeth|tooth)\b"
        r"|\b(?:took|got|caught|copped|received) (?:a|an) (?:\w+ )?(?:puck|bat|ball|elbow|fist|punch|knee|kick"
        r"|blow|hit|headbutt)\b<far>\b(?:teeth|tooth|mouth|face|jaw|lip)\b|\b(?:teeth|tooth)\b<gap>\b(?:pointing"
        r"|facing|wrong way|sideways|inwards?|backwards?)\b",
        r"\b(?:fell|fallen|tripped|slipped|knocked)\b<far>\b(?:mouth|tooth|teeth|lip|gums?)\b<near>\b(?:bleed\w*"
        r"|blood|gone|out|loose)\b|\b(?:wire|bracket|needle|pick)\b<gap>\b(?:stuck|through|deep|embedded"
        r"|poked through)\b<near>\b(?:cheek|lip|gum|tongue|throat)\b|\b(?:went|gone|going) through my (?:lip|cheek"
        r"|tongue)\b",
        r"\b(?:bleach|acid|chemical\w*|burn\w*)\b<gap>\b(?:mouth|tongue|gums?|throat)\b|\b(?:mouth|tongue|gums?"
        r"|throat)\b<gap>\b(?:burned|burnt|chemical|blister\w*)\b",
        r"\b(?:jaw|bite)\b<near>\b(?:is |feels |looks |out of |will not |not )<near>\b(?:crooked|out of place|off"
        r"|line|popped|locked|stuck|aligned|line up|close)\b",
        r"\b(?:lip|tongue|gum|cheek|chin|mouth)\b<near>\b(?:is |got |was )?(?:split|ripped|torn|gashed|sliced"
        r"|cut) (?:open|through|wide|bad\w*|deep)\b|\bbit (?:right |all the way )?through (?:my|his|her"
        r"|the) (?:lip|tongue)\b",
        unless=(
            *CALM,
            *NOT_OWN_TOOTH,
            r"\b(?:years|months|weeks|in (?:19|20)\d\d|hit (?:my|the|our) (?:deductible|limit|max\w*)|when i was)\b",
        ),
    ),
    phrase(
        "emergency.infection",
        r"\b(?:fever\w*|temp|temperature|chills|shiver\w*|shaking|sweat\w*|delirious|confused)\b<far>\b(?:tooth"
        r"|teeth|molar|extraction|surgery|abscess\w*|pus|gum|jaw|implant|infect\w*|root canal|swell\w*|swollen"
        r"|socket)\b",
        r"\b(?:tooth|teeth|molar|extraction|surgery|abscess\w*|pus|gum|jaw|implant|infect\w*|root canal|swell\w*"
        r"|swollen|socket|wisdom)\b<far>\b(?:fever\w*|temp(?:erature)? of|running a temp\w*|a temp<end>|chills"
        r"|shiver\w*|shaking"
        r"|10[0-5](?:\.\d)?(?: degrees| f|<end>)|3[89]\.\d|sweat\w*|delirious|throwing up|vomit\w*)\b",
        r"\b(?:infection|redness|red line|red streak\w*|abscess|swelling|it|heat|numbness|pain) (?:is |has |keeps "
        r"|seems to be |started )?(?:spread\w*|travel\w*|moving|moved|creeping|reach\w*|climb\w*) (?:\w+ )?(?:down"
        r"|up|to|toward\w*|into|across|along|past)\b",
        r"\bheart (?:valve|murmur|transplant)\b<far>\b(?:fever|chills|temperature)\b|\bfever\b<far>\b(?:after"
        r"|since) (?:the |my )?(?:cleaning|extraction|surgery|root canal|implant|op|procedure)\b|\b(?:gum|tooth"
        r"|jaw|it) (?:is |looks |seems )?infected\b<gap>\b(?:unwell|sick|ill|fever|weak|awful|terrible)\b"
        r"|\b(?:chemo|transplant)\b<far>\b(?:bleed\w*|fever|sores)\b",
        r"\b(?:pus|green|yellow)\b<gap>\b(?:pour\w*|ooz\w*|gush\w*|drain\w*|leak\w*)\b|\b(?:ooz\w*|drain\w*"
        r"|leak\w*|gush\w*)<gap>\bpus\b",
        unless=(
            *CALM,
            r"\b(?:cold|flu|covid|room temperature|cabin fever|spreading the word|sensitive|hot or cold"
            r"|hot and cold|strep)\b",
        ),
        negatable=True,
    ),
    phrase(
        "emergency.overdose",
        r"\b(?:took|taken|swallowed|popped|had|downed|drank|ate|given|gave)<gap>\b(?:way more|more than (?:i|you"
        r"|the|it|he|she)|too much|too many|double|twice|triple|extra|a lot of|a ton of|a bunch of|a handful|handfuls"
        r"|the rest|all (?:of )?(?:the|my|his|her)|whole|entire|\d+ times)\b<gap>\b(?:<drug>|meds?|medicine"
        r"|medication|dose|doses|bottle|pack|antibiotics|should|said|was told|numbing|lidocaine|orajel|fluoride"
        r"|mouthwash|norco|hydrocodone|ambien|xanax)\b",
        r"\b(?:<drug>|meds|norco|hydrocodone|xanax|ambien)\b<gap>\b(?:lost count|too many|more than|whole"
        r"|all of them|every (?:hour|\d+ min\w*)|and now i (?:feel|can not))\b",
        r"\b(?:swallowed|inhaled|ate|drank|aspirated)<near>\b(?:crown|file|needle|bur|drill bit|tooth|bracket"
        r"|denture|retainer|bleach|peroxide|mouthwash|toothpaste|fluoride|numbing|battery)\b<far>\b(?:cough\w*"
        r"|chest|breath\w*|chok\w*"
        r"|stuck|throw\w*|vomit\w*|pain)\b",
        unless=(*HYPOTHETICAL, r"\bcan i\b|\btoo much (?:money|time)\b"),
    ),
    phrase(
        "emergency.self_harm",
        r"\bpills\b<gap>\bin a row\b|\bnot care what happens to me\b|\b(?:knife|razor|blade)\b<near>\bto my\b",
        unless=(r"\b(?:lol|haha\w*|shav\w+)\b",),
    ),
    phrase(
        "emergency.self_harm",
        r"\b(?:got|have|lined|saved|stash\w*)<near>\bpills\b<near>\b(?:lined up|ready|saved)\b|\bnobody (?:will"
        r"|would) (?:miss|care if i|notice if i)\b|\bnot being (?:here|around|alive)\b"
        r"|\bnot (?:be )?around much longer\b|\bnot (?:\w+ )?(?:to )?live with this\b"
        r"|\bgoodbye\b<end>(?=.*\b(?:miss|forever|sorry|love you all)\b)|\bmiss me any ?way\b",
        r"\b(?:ending|end) (?:it|it all|things)<end>|\btak(?:e|ing) my (?:own )?life\b|\bthinking (?:about"
        r"|of) ending\b|\b(?:not|no) (?:want|reason|point)<near>\b(?:live|living|be here|go on|exist|wake up"
        r"|anymore to)\b"
        r"|\b(?:tired of|done with|can not do) (?:living|life|being alive)\b|\bwant it (?:all )?to (?:end"
        r"|be over)\b|\bsay(?:ing)? goodbye\b<gap>\b(?:everyone|forever|world|all)\b|\b(?:jump|jumping) off (?:a"
        r"|the) (?:bridge|roof|building)\b"
        r"|\bnot (?:be )?(?:around|here|alive) (?:much longer|any more|tomorrow|by)\b"
        r"|\bmy family would be better\b|\bkms\b|\bkill me<end>",
        unless=(
            r"\b(?:laugh\w*|embarrass\w*|accident\w*|by mistake|of boredom|live (?:here|there|in|near|with"
            r"|without)|patient (?:any more|here)|move|moved|moving|work(?:ing)? here|subscri\w+|texts?|messages?"
            r"|lol|haha\w*"
            r"|appointment|treatment|braces|this number|meeting)\b",
        ),
    ),
    phrase(
        "emergency.collapse",
        r"\b(?:pass(?:ed|ing) out|black(?:ed|ing) out|faint(?:ed|ing)|collapsed|unconscious|unresponsive"
        r"|not responding|will not wake|seizure|convuls\w+|chest (?:pain|tight\w*|hurts)|heart (?:is )?(?:racing"
        r"|pounding|attack|palpitat\w+)|arm (?:is )?numb"
        r"|blue lips|lips (?:are |turning |turned )+blue|turning blue|going gray|slurr\w+)\b",
        unless=(
            *CALM,
            r"\b(?:nearly|almost|had a|history of|from the price|saw the|lol|haha|wake up early|before the)\b"
            r"|\b(?:when|after) i saw\b|\bi (?:always|usually|tend to|might|get)\b",
        ),
        negatable=True,
    ),
    phrase(
        "emergency.asks_for_help_now",
        r"<start>(?:please |omg |god |someone )?help(?: me| please| now| asap| quick| urgent\w*)+<end>"
        r"|<start>(?:911|999|112|sos|emergency|urgent)(?: emergency)?(?: please| help| now)? ?\??<end>"
        r"|\bneed an? (?:emergency|urgent)\b|\bneed (?:emergency|urgent) (?:dentist|dental|care|help|appointment"
        r"|treatment)\b|\bemergency dentist\b(?! (?:fee|cost|do|hours))"
        r"|\bseizing up\b|\bdesperate\b<far>\b(?:pain|nerve|tooth|help)\b",
        r"\b(?:in the|at the|going to the|heading to the|on (?:my|the) way to the|go to the|calling|called"
        r"|need) (?:er|e\.r|emergency room|a&e|hospital|911|999|112|ambulance|an ambulance)\b",
        r"\b(?:see|seen|help|someone|somebody|anyone|come in|get in|doctor|dentist)\b<near>\b(?:right now|now"
        r"|immediately|asap|urgent\w*|this minute|right away|as soon as possible)\b<far>\b(?:pain|agony|bleed\w*"
        r"|swollen|swelling|hurts?|blood|fever|abscess|broke\w*|knocked)\b",
        r"\b(?:pain|agony|bleed\w*|swollen|swelling|hurts?|hurting|blood|fever|abscess|knocked"
        r"|killing me)\b<far>\b(?:right now|now|immediately|emergency|urgent\w*|right away"
        r"|help(?: me)?(?: please)?<end>|911|er<end>)\b",
        unless=(
            *CALM,
            r"\b(?:no longer|but now|now (?:i|it) (?:just|only|want)|should i go|family emergency|surgery (?:on"
            r"|for) my|knee|hip|(?:my (?:dad|mom|mother|father|wife|husband|grand\w+)|mister|mrs?(?: \w+)?)"
            r" is in the hospital"
            r"|(?:treat\w*|done|given|works?|working|seen|scan|x ?ray)<near> (?:at|in) the hospital"
            r"|hospital (?:clinic|dentist|dental|who)|place at the hospital|general an\w+thetic|elected)\b",
        ),
        negatable=True,
    ),
)
