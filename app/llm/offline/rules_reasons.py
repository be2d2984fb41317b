"""Reasons that amount to a no: money, distance, health, another dentist, no need, later (agent.md section 1)."""

from app.domain.phrases import Phrase, phrase

REASONS: tuple[Phrase, ...] = (
    phrase(
        "denial.decided",
        r"\b(?:decided|choosing|chose|opted|opting|elected|prefer\w*|plan|planning|going|want) (?:not to|against)\b",
        r"\b(?:shall|will|would|am|are|do|be)(?: \w+)? not (?:therefore |now |be |have |going to |wish to "
        r"|want to |like to |intend to |plan to )*(?:go(?:ing)? (?:ahead|forward|through)"
        r"|proceed\w*|continu\w*|pursu\w*|taking? (?:this|that|it|the|up)|make an|making an|requir\w*|need\w*"
        r"|having? (?:the|it|that|an?)|book\w*|schedul\w*|wanting|want (?:a|an|the|one|it|any)|renew\w*)\b",
        r"<start>(?:hi |hello |sorry |please )*not (?:going ahead|proceeding|pursuing|doing (?:it|this|that))\b",
        r"\bno longer (?:need\w*|want\w*|require\w*|necessary|interested|wish|relevant|an issue)\b|\b(?:i"
        r"|we) (?:must|have to|need to|will|would like to|ll have to) (?:respectfully |regretfully |kindly )?"
        r"(?:decline|turn (?:it|this|that|you|down)|pass|refuse|say no)\b|<start>declin(?:e|ing)\b"
        r"|\bturn down your\b|\bgone off the idea\b|\bliving? with (?:the|my|it)\b|\bgone cold\b",
        r"\bchanged my mind (?:about|on|and (?:do not|will not|am not))\b|<start>changed my mind<end>"
        r"|\bhad second thoughts\b|\b(?:put|putting) (?:it|this|that|everything) on hold\b"
        r"|\bon (?:hold|the back ?burner|ice)\b|\b(?:give|giving) (?:it|this|that) (?:a|up)(?: miss)?\b|\b(?:skip"
        r"|skipping|sit|sitting) (?:it|this|that|me|us|out|one)(?: out| this| one)\b",
        r"\b(?:no|do not (?:need|want|require)|not (?:after|looking for|need|want))(?: \w+){0,2} (?:appointments?"
        r"|check ?ups?|cleanings?|visits?|consults?|consultations?)(?: is| are)?(?: needed| required| necessary"
        r"| please| at present| at this time| thanks)<end>|\b(?:do not|never|please do not"
        r"|did not)(?: \w+){0,3} (?:book|schedule|sign|put) (?:me|us|anything|one|it)\b|\bnot (?:say"
        r"|said) (?:that )?i wanted\b",
        r"\b(?:stop|quit) (?:pushing|offering|selling|recommending|suggesting)\b"
        r"|\bsaid (?:that )?i do not want (?:it|that|one)\b|\bnot having (?:it|the|that)\b|\brefuses? to (?:go"
        r"|come)\b|\bnot forcing\b",
        unless=(
            r"\b(?:not to (?:cancel|worry|miss|lose|move)|not (?:going|want) to (?:miss|lose|cancel)|cancel\w* my"
            r"|not need(?:ed)? to (?:move|cancel)|records?|will (?:i|it|you) not|do i not|do not book me (?:on|for"
            r"|before|with|at) (?:a )?<day>)\b",
        ),
    ),
    phrase(
        "denial.elsewhere",
        r"\b(?:go|going|went|gone|goes|been going|registered|enrolled|stay\w*|stick\w*|with|happy) (?:to|with"
        r"|at)? ?(?:somewhere|some place|someone|somebody|another|a different|a new|our (?:own|family|current"
        r"|regular|usual)"
        r"|my (?:own|family|current|regular|usual|new|old|normal|local)|the)(?: \w+){0,2} ?(?:else|dentist|dental"
        r"|clinic|practice|place|provider|guy|doctor)\b|\b(?:go|going|went) (?:somewhere|some place) (?:else"
        r"|closer|nearer|cheaper)\b",
        r"\b(?:va|army|navy|military|work|job|employer|school|university|company|insurance|hospital"
        r"|prison)\b<gap>\b(?:takes care|has a dentist|covers|handles|does (?:my|our)|looks after|provides)\b"
        r"|\bthe va\b",
        r"\b(?:had|got|have had|have just had|just had|did|having|having had) (?:my|a|the|our|one|mine|them|it"
        r"|that|this|all|everything)(?: \w+){0,3} (?:done )?(?:there|elsewhere|last (?:week|month)|in \w+|abroad"
        r"|already|at (?:my|a|the)|with)\b"
        r"|\b(?:had|got) (?:them|my teeth) (?:all )?(?:pulled|out|removed|done)\b|\bnothing left to clean\b"
        r"|\b(?:was|been) (?:just )?(?:there|in|at the dentist|seen)<near>\b(?:last|weeks? ago|six weeks|recently"
        r"|days? ago|already)\b",
        r"\b(?:cousin|brother|sister|friend|uncle|aunt|wife|husband|son|daughter|neighbou?r|mate|boyfriend"
        r"|girlfriend|mother|father|dad|mom|dentist|ortho|specialist|dr|doctor|hygienist)\b<gap>\b(?:opened"
        r"|does (?:my|our|it|them|the)|looks after|takes care|treats"
        r"|fixed|sorted|is doing|will do)\b|\b(?:i am|we are) (?:now )?(?:with|seeing|under|at) (?:a |dr |doctor "
        r"|the )?(?:specialist|\w+)<near>\b(?:these days|now|already|instead)\b|\b(?:i am|am|being) a (?:dentist"
        r"|hygienist)(?: myself)?\b",
        r"\b(?:went|going|gone|go) with (?:someone|somebody|another|a different|the other|that|a cheaper)\b"
        r"|\b(?:found|got|have) (?:a |an )?(?:better|cheaper|closer|nearer|new|other|another|different) (?:one"
        r"|offer|deal|dentist|place|quote|price|practice|clinic)\b"
        r"|\b(?:changed|switched|transferred|moved) (?:to|over to) (?:a |another |our |my )?(?:\w+ )?(?:dentist"
        r"|practice|clinic|provider)\b|\bjust shopping around\b|\bwe go to [a-z]+(?: \w+)? (?:now|these days"
        r"|instead)\b|\bgoes there (?:now|these days)\b",
        unless=(
            r"\b(?:second opinion|not happy with|unhappy with|let me down|records?|file|forward|send|transfer"
            r"|match the price|complain\w*|refer\w*|do you know|looking for|want to (?:come|change"
            r"|switch) (?:back )?to you|recommend)\b",
        ),
    ),
    phrase(
        "denial.need_nothing",
        r"\b(?:my|our|his|her|all) (?:\w+ )?teeth (?:are|feel|look) (?:\w+ )?(?:fine|good|great|perfect|ok|healthy"
        r"|clean)\b|\b(?:look after|take care of|clean|brush) my own\b|\b(?:brush|floss) and<near>\b(?:do|enough"
        r"|fine)\b"
        r"|\b(?:tooth|it|pain|sensitivity|problem|swelling|ache)\b<near>\b(?:feels fine|is fine|is gone|went away"
        r"|settled|stopped|cleared up|is better|resolved)\b|\bi am fine without\b|\bif it is not broke\b"
        r"|\bonly go when\b|\bdo not believe in\b",
        r"\b(?:wear\w*|have|got|full|complete|with) (?:\w+ )?(?:dentures?|false teeth|falsies)\b|\bno teeth\b"
        r"|\bdo not have (?:any )?teeth\b|\bsee me out\b|\bat my age\b|\b(?:cleanings?|check ?ups?|appointments?"
        r"|visits?) needed<end>|\bno (?:cleanings?|check ?ups?) (?:needed|for me)\b"
        r"|\b(?:had|have) enough (?:dental|dentists?|treatment|of dent\w+|going on)\b|\bis (?:plenty"
        r"|enough) for me\b|\b(?:used up|maxed out|used) (?:all )?my (?:benefits|allowance|coverage|insurance"
        r"|cleanings?)\b|\bused it up\b",
        unless=(
            r"\b(?:but (?:i|we) (?:want|need|would)|can i|could i|do you|appointment|swollen|swelling is|still"
            r"|need a|loose|broke\w*|crack\w*|hurt\w*|sore|rub\w*)\b",
            r"\?",
        ),
    ),
    phrase(
        "denial.cannot_now",
        r"\b(?:can|could|do|does|did)(?: \w+)? not (?:\w+ )?(?:be bothered|swing it|manage it|face it|face (?:the"
        r"|a)|bring myself|get (?:time off|a sitter|a babysitter|away|childcare|a ride|out)|justify|stretch to"
        r"|spare|do (?:it|this|that) (?:this (?:year|month|summer|winter"
        r"|season|week)|right now|at the moment|financially))\b|\bno (?:ride|sitter|babysitter|money|cash|funds"
        r"|budget|childcare|transport\w*|car|insurance)\b(?!<gap>\?)|\bnot in (?:the|my|our) (?:budget|cards)\b"
        r"|\bout of (?:pocket|budget|work|a job)\b|\b(?:broke|skint)(?: lol| right now| atm| at the moment)?<end>",
        r"\b(?:too|so|rather|quite|really|terribly|crazy|super|very|bit) (?:\w+ )?(?:busy|swamped|expensive|pricey"
        r"|steep|dear|costly|far|anxious|scared|nervous|afraid|tired|old|long a drive|rich for|much (?:on|going"
        r"|money))\b|\b(?:bad|poor|terrible|wrong|not (?:a |the )?(?:\w+ )?(?:good|great|right|best)) (?:time"
        r"|timing)\b"
        r"|\btoo (?:long|far) (?:of )?a drive\b|\blong drive\b|\bway too much\b|\bbeyond (?:my|our) (?:means"
        r"|budget)\b|\b(?:that|this|it) is (?:steep|a lot|crazy|insane|robbery|highway)\b",
        r"\b(?:have|has|will have|must|can|got|everything|it|this|that|teeth|dental) (?:\w+ )?(?:to |can |must "
        r"|will |just )*wait\b(?! (?:so|that|too|for you|to see|until<gap>\?))|\bwait(?:ing)? (?:until|till|til"
        r"|with|for) (?:i|my|the|we|our|after)\b<near>\b(?:insurance|job|paid|finished|baby|birth|bonus|move"
        r"|studies|over|better|done|next)?",
        r"\b(?:next|another|some other|different) (?:year|season|lifetime|life)\b|\b(?:in|until|after"
        r"|till) the new year\b(?!<gap>\?)|\b(?:not"
        r"|nothing) (?:in|for|before|until|till|til) (?:this lifetime|a (?:few|couple|while)|(?:the )?(?:next|new"
        r"|foreseeable|summer|spring|fall|winter|autumn|january|february|march|april|may|june|july|august"
        r"|september|october|november|december|a|my|after))\b|\bmaybe (?:after|when|in|next|later)\b"
        r"|\bfor the foreseeable\b"
        r"|\bin (?:about |maybe )?(?:six|6|a few|couple|several|twelve|12) months\b|\b(?:hit me up|ask me|try me"
        r"|contact me|message me|remind me|come back to me|check back|text me) (?:again )?(?:after|later|in|next"
        r"|when|another|some)\b|\bdo not hold your breath\b|\blater (?:this|in the) year\b"
        r"|\bafter (?:the )?(?:baby|birth|holidays|tax season|christmas|new year|move|wedding|exams)<near>\bmaybe\b",
        r"\b(?:will|would|shall|going to|ll|we|i)(?: \w+)? (?:call|contact|reach out|be in touch|get in touch"
        r"|write|text|message|let you know|come back|ring|shout|holler|book|phone"
        r"|know where to find)\b(?: to)?(?: you| u| them| out)?<near>\b(?:if|when|once|should"
        r"|whenever)\b(?: \w+){0,3} (?:need|want|ready|change|changes|hurt\w*|decide to|something|anything"
        r"|can afford|have (?:money|insurance|time)|one)\b|\bknow where to find you\b|\bcall us we will call\b",
        r"\b(?:deployed|overseas|abroad|incarcerated|in (?:jail|prison|rehab)|out of the country|in the army|moved"
        r"|relocated|emigrated|living in|retired (?:and|to)|bedridden|on bed rest|housebound|hospice"
        r"|in hospital)\b(?! (?:my|the|it|to a new (?:office|location)))(?!<gap>\?)|\b(?:having|on|in"
        r"|going through|starting) (?:chemo\w*|cancer treatment|dialysis|radiation|a divorce)\b"
        r"|\btreatment for cancer\b"
        r"|\b(?:hip|knee|heart|back) (?:replacement|surgery|operation)\b|\brecovering\b|\b(?:my|the|our) (?:health"
        r"|circumstances|situation|finances|budget)\b<near>\b(?:not|does not|do not|changed|allow\w*|tight)\b"
        r"|\bnot (?:in a position|a priority|my priority|able to at)\b|\bother priorities\b|\bexpecting (?:any"
        r"|a baby|in)\b|\bwe moved<end>",
        r"\b(?:in|with) (?:this|the) (?:economy|heat|weather)\b|\b(?:insurance|plan) (?:will|does|do) not (?:cover"
        r"|pay|accept|work)<near>\b(?:you|here|there|this)\b|\bpay cut\b|\blaid off\b|\blost (?:my"
        r"|our) (?:\w+ )?(?:job|insurance|coverage|benefits)\b|\bgot no insurance\b|\binsurance (?:ran out|lapsed"
        r"|expired|ended)\b|\bso much spare\b",
        unless=(
            r"\b(?:appointment|cancel\w*|resched\w*|move (?:my|the|it)|can not wait|do you have|payment plan"
            r"|financing|is there|no longer busy|looking forward|swollen|swelling|bleed\w*|fever|abscess"
            r"|swallow\w*|breath\w*|hurt\w* (?:so|really)|how long|wait(?:ing)? (?:list|room|time)|recovered"
            r"|back (?:now|in town)|but (?:i|we) (?:would|want|still|need))\b",
        ),
    ),
    phrase(
        "denial.ironic",
        r"\b(?:rather|sooner|prefer to) (?:eat|die|chew|pull|gargle|drink|do my|watch|stick|have a heart|get a"
        r"|lick|swallow|walk|be|poke|wrestle|clean|give birth|jump|marry|fight)\b|\bnot if you paid me\b"
        r"|\bif (?:you are|someone is|you) (?:paying|pay)\b|\b(?:sure|yeah|yes|ok|right|of course)[, ]* (?:when"
        r"|as soon as|right after|once|if) (?:hell|pigs|i win|the lottery|i am rich|you pay|cows|i grow|it is free)\b"
        r"|\b(?:hell|pigs)\b<near>\b(?:freez\w*|fly)\b|<start>(?:yeah|oh|sure) right<end>|\bno ?(?:thing"
        r"|body) can get me\b|\bi quit dentists\b|\bno amount of\b|\bnot (?:again|in (?:a|this"
        r"|my))<near>\b(?:million|lifetime|life|years)\b|\bbecause i (?:have|love|enjoy"
        r"|am made of)\b<gap>\b(?:money|pain|bills|drill\w*|so much|spare)\b|\bmade of money\b|\bmy (?:wallet"
        r"|bank account)\b<gap>\b(?:bleed\w*|says no|empty|cry\w*)\b|\bjaw drop\b"
        r"|\b(?:price|schedule|work|deadline\w*)\b<near>\b(?:killing me|murder)\b",
        unless=(
            r"\b(?:rather (?:do|come|see|have it|be seen|go) (?:it|on|in|at|with|the|next|dr)|if you could"
            r"|tooth is killing|pain is killing)\b",
        ),
    ),
)
