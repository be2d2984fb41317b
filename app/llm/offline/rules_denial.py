"""Wordings of a no, of a no taken back, and of "not decided yet" (agent.md section 1). Adding one is adding a"
" line."""

from app.domain.phrases import Phrase, phrase

REVERSAL: tuple[Phrase, ...] = (
    phrase(
        "reversal",
        r"\bchange(?:d)? my mind\b|\bafter all\b|\bscratch that\b",
        r"\bactually (?:yes|i (?:would|will|do|can|want)|let)\b|\bon second thoughts?\b",
        r"\bnever ?mind what i said\b|\bignore my (?:last|previous|earlier)\b",
        r"\b(?:i )?said no (?:before|earlier|last)\b|\bi take (?:it|that) back\b|\bmade a mistake\b",
        r"\breconsider\w*\b|\bnot (?:saying|said) no\b|\bnot that i am not\b|\bfell through\b|\blet me down\b",
        unless=(
            r"\b(?:against|cancel\w*|decline|pass|not (?:come|coming|interested|going))\b<far>\bafter all\b",
            r"\bnot changed? my mind\b|\bchanged my mind (?:about (?:coming|it|the)|and (?:do not|will not))\b",
        ),
    ),
)

DENIAL: tuple[Phrase, ...] = (
    phrase(
        "denial.not_interested",
        r"\bhard no\b|\bhow about never\b|\bno longer looking\b",
        r"\bno (?:visit|appointment|check up|cleaning) (?:needed|required|necessary)\b",
        r"\b(?:decided|voting|deciding) against\b|\b(?:give|gave) (?:it|this|that) a miss\b",
        r"\blast thing on my mind\b|\bask (?:me )?again in\b|\bskip (?:this|it)\b|\bno can do\b",
        r"\ball (?:set|sorted)\b|\bi am covered\b|\b(?:i am|we are|am) (?:good|fine) [,|] thank",
        r"\b(?:not|no longer|never|nor)(?: at all| really| that| currently| very| particularly"
        r"| super)? interested\b",
        r"\bno interest\b|\buninterested\b|\bno ?,? (?:thanks|thank you|thankyou|ty|gracias|merci)\b",
        r"\bthanks but no\b|\bthank you but no\b",
        r"\b(?:i|we) (?:will|would|am going to|have to|think i will) (?:\w+ )?(?:pass|decline|skip|sit this"
        r"|hold off|leave it|give it a miss)\b",
        r"\bhard pass\b|\bpass<end>|\bleave it (?:for now|there|at that)\b|\bhold off\b",
        r"\b(?:i am|we are|am|i m)(?: all| totally| still| doing)? (?:good|set|fine|sorted|covered)(?: for now"
        r"| thanks| thank you)?(?= [|,]| ?$| thank)",
        r"\ball set<end>|\b(?:rather|prefer|would) (?:i )?(?:not|to not)<end>|\brather not\b|\bprefer not\b",
        r"\bcount me out\b|\bnot (?:for me|happening|gonna happen|going to happen|necessary|needed|worth it)\b",
        unless=(
            r"\brather not (?:type|text|write|say|discuss|do this)\b",
            r"\brather not (?:type|text|write|say|discuss|do this)\b|\bnot that i am\b|\bnot saying\b",
            r"\bwould not be interested in coming\b",
        ),
    ),
    phrase(
        "denial.not_now",
        r"\bnot at this (?:stage|point)\b|\bno appointment needed\b|\bnot in the market\b|\b(?:i )?no puedo<end>",
        r"\bahorita no\b|\bpas le (?:bon )?moment\b|\bin the new year\b",
        r"\bnot (?:now|right now|just now|today|yet|at this time|at the moment|at present|this (?:year|month|time"
        r"|week|summer|spring|fall|winter)|for now|any ?more|until|in the near)\b",
        r"\bmaybe (?:next (?:year|month|time)|some other|another|later|in (?:a (?:few|couple)|the|<month>)|when"
        r"|after|someday|one day)\b",
        r"\b(?:some|an) ?other time<end>|\bnext year\b|\banother year\b",
        r"\b(?:too |so |super |really |crazy |just |very )?busy (?:this|right now|until|all|at the moment|with"
        r"|these|now|atm|lately)\b",
        r"\bswamped\b|\bno time\b|\b(?:do|did) not have (?:the |any )?time\b|\bbad time\b",
        r"\ba lot (?:going on|on my plate)\b|\b(?:ahora|todavia|por el momento|hoy) no\b|\bno por ahora\b",
        r"\bpas (?:maintenant|pour le moment|tout de suite)\b",
        unless=(
            r"\b(?:not (?:a )?bad|is this a bad time|no longer busy|not (?:just )?(?:today|now|until"
            r"|this week) but|works|works better|can (?:i|we)|could (?:i|we)|stop<end>|pain)\b",
            r"\bnot yet sure\b|\bnot at (?:this|the) (?:location|branch)\b",
        ),
    ),
    phrase(
        "denial.elsewhere",
        r"\b(?:prefer|want|need|like) (?:someone|somebody|a place|a dentist|somewhere) (?:closer|nearer|cheaper"
        r"|else)\b",
        r"\balready been (?:to see|to|seen)\b|\bya fui\b",
        r"\bhad (?:one|mine|it) (?:done )?(?:in|last|a few|earlier|recently|already|this)\b|\b(?:so )?i go there\b",
        r"\bcovered by (?:the )?va\b",
        r"\bgo to (?:the|a) (?:place|one|guy|clinic|practice|dentist) (?:on|in|at|near|by|next|down|around)\b",
        r"\b(?:with|to) (?:her|his|their) (?:guy|dentist|place|clinic)\b",
        r"\bfound (?:someone|somebody|a place|somewhere)\b",
        r"\b(?:another|new|different|other|my own|my old|old|regular|current|closer|cheaper|local) (?:dentist"
        r"|dental|clinic|practice|place|office|provider|doctor)\b(?! (?:hours|address))",
        r"\b(?:already|still) (?:have|got|see|seeing|go to|with|found|using) (?:a|my|an|the)?(?: \w+)? ?dentist\b",
        r"\b(?:have|got|found) (?:a|my) dentist\b|\bsomebody else\b|\bsomeone else\b|\bswitched\b|\btransferred\b",
        r"\b(?:had|got|have had|getting|was|been) (?:it|that|this|them|mine|my \w+|everything|one) (?:done"
        r"|taken care|fixed|cleaned|checked|looked at|sorted)(?: already)?\b<near>\b(?:elsewhere|somewhere|already"
        r"|by|at|in)\b",
        r"\bdone (?:elsewhere|somewhere else)\b|\b(?:gone|went|going) elsewhere\b",
        r"\balready (?:had|got|did) (?:it|that|my|one)\b",
        r"\b(?:brother|sister|cousin|friend|wife|husband|uncle|aunt|dad|father|mother|mom|son|daughter|girlfriend"
        r"|boyfriend)\w*(?: in law)?\b<gap>\bis (?:a|my|our) (?:dentist|hygienist|orthodontist)\b",
        r"\bya tengo (?:un |otro )?dentista\b|\bdeja un (?:autre )?dentiste\b|\bautre dentiste\b",
        unless=(
            r"\b(?:did you hire|is there a|send|records?|x ?rays|second opinion|not happy with|unhappy with"
            r"|do you have|see a different|with a different|let me down|change dentist to you|looking for a (?:new"
            r"|different))\b",
        ),
        negatable=True,
    ),
    phrase(
        "denial.gone",
        r"\bretired to\b",
        r"\b(?:have |has |we |i |just )?moved (?:away|out|to|cities|states?|house|across|back|abroad|last|from)\b",
        r"\brelocat\w+\b|\b(?:live|living|based) in [a-z]+(?: \w+)? now\b",
        r"\bno longer (?:live|in the area|in town|local|a patient|need|coming|with you)\b|\btoo far\b",
        r"\bout of state\b",
        unless=(
            r"\b(?:did you|have you|has the|office moved|clinic moved|you moved|moved to a new (?:office"
            r"|location)\W*\?|can i still|moved to \w+ so i need a)\b",
        ),
    ),
    phrase(
        "denial.money",
        r"\b(?:can|could|do|will) not (?:really )?(?:afford|justify|pay)\b",
        r"\btoo (?:expensive|pricey|costly|much (?:money|for me))\b",
        r"\bout of (?:my |our )?(?:budget|network|price)\b|\bno money\b|\b(?:money is|things are) tight\b",
        r"\bat (?:those|these|your) prices\b|\blost my (?:job|insurance|coverage)\b|\bbroke right now\b",
        r"\bin this economy\b|\bdoes not cover you\b",
        unless=(
            r"\b(?:you overcharged|do you have (?:a )?(?:payment|plan)|is there|payment plan|can i pay"
            r"|do you offer)\b",
        ),
    ),
    phrase(
        "denial.do_not_want",
        r"\b(?:do|does|did) not (?:really |actually |currently |even )?(?:need|want|plan|intend|feel like|care to"
        r"|have the money|think (?:so|i (?:will|need|want|can|am)))\b",
        r"\b(?:will|am|are|is|would) not (?:be )?(?:coming|returning|back|going|needing|booking|visiting"
        r"|interested|rebooking|scheduling|attending|pursuing|proceeding)\b",
        r"\bnever (?:coming|going|setting foot|be back)\b|\bwill not be back\b",
        r"\bnot (?:coming|going) (?:back|there|to (?:come|book))\b|\bwon ?t come\b|\bnever again\b",
        r"\bstopped going\b|\bdone with (?:you|dentists|this place)\b",
        r"\bi (?:wanted|would love|would like|planned|would have loved) to<near> ?,? but (?:no|not|can not"
        r"|i can not|unfortunately|never)",
        r"\b(?:terrif\w+|scared of|hate|afraid of) (?:of )?dentists?\b|\bdentists? (?:terrify|scare)\w*",
        r"\b(?:have|wear|got) (?:full |complete )?dentures\b|\bno teeth left\b|\bdon ?t bother\b|\bno need\b",
        r"\bnothing wrong with my teeth\b|\bmy teeth are fine\b",
        unless=(
            r"\brather not (?:type|text|write|say|discuss|do this)\b",
            r"\b(?:cancel|stop|appointment with you|to miss|to wait|to be (?:late|a pain)|to bother|know"
            r"|a filling just|lose|to reschedule|pain ?killers?|anesthesia|x ?rays|to talk to|a bot"
            r"|need to (?:cancel|change)|need (?:to )?(?:ask|worry)|unsubscribe|removed?)\b",
            r"\bdo i not\b|\bnot (?:only )?need (?:it|this) (?:today|asap)\b|\bnot until\b",
        ),
    ),
    phrase(
        "denial.ironic",
        r"\bwould rather (?:eat|die|chew|pull|gargle|drink|have (?:a )?root canal)\b",
        r"\bin (?:another|my next) life\b",
        r"\b(?:when pigs (?:can )?fly|(?:win|won) the lottery|hell freezes|over my dead body|in your dreams"
        r"|yeah right|yea right|as if<end>|fat chance|dream on|sure , right after|not in a million|not a chance"
        r"|no way|no chance|nice try|only if (?:it is|you do it) (?:for )?free|i would rather (?!not|come|be|have it"
        r"|do|go|see|get)\w+)\b",
        unless=(r"\bno way to (?:book|reach|get|find)\b|\bno chance (?:of|you)\b",),
    ),
    phrase(
        "denial.no",
        r"\b(?:so|but|and|then) (?:it is )?(?:a )?no<end>",
        r"<start>(?:yeah|yes|hmm|um|uh|well|sorry|ok|hi|hello|thanks|lol|haha|erm|oh|unfortunately)? ?,? ?(?:no"
        r"|nope|nah|naw|negative|no way|absolutely not|definitely not|certainly not|no sorry|sorry no|ninguno|non"
        r"|nein|nao)<end>",
        r"\bbut no<end>|\bbut not any more\b|\bi (?:said|say) no\b|\bthe answer is no\b|\bno me interesa\b",
        r"\bno (?:estoy|estamos) interesad\w+|\bpas interess\w+|\bno quiero (?:cita|ir|venir)\b",
        r"\bno (?:gracias|merci)\b",
        unless=(r"\bsaid no (?:before|last|earlier|but)\b|\bnever said no\b",),
    ),
)

DEFERRAL: tuple[Phrase, ...] = (
    phrase(
        "deferral",
        r"\bcheck and (?:text|call|write|let|get)\b|\b(?:text|call|write|message) you back\b",
        r"\bi (?:will )?(?:have to|need to|will) see<end>|\b(?:are|am|is) (?:still )?deciding\b",
        r"\bgive (?:us|me) (?:a |some )?(?:few|couple|time|minute|day)\b|\bi will wait<end>",
        r"\b(?:wife|husband|spouse|partner|mom|mother|daughter|son) (?:handles|deals with|takes care of|does"
        r"|decides|manages) (?:this|that|it|the|all|these|our|my)\b",
        r"\bsee what (?:he|she|they|the|my)\b<near>\bsays?\b|\bneed to check\b|\bbear with me\b",
        r"\bdepends (?:how|on|if|when)\b|\bi will (?:book|shout)\b",
        r"\b(?:ask|check with|talk to|speak (?:to|with)|consult|discuss (?:it |this )?with|run it by|clear it with"
        r"|see what) (?:my |the |this with )?(?:\w+ )?(?:wife|husband|spouse|partner|boss|mom|mother|dad|father"
        r"|parents|daughter|son|family|girlfriend|boyfriend|fiance\w*|work|manager|insurance|roommate|doctor"
        r"|caregiver)\b",
        r"\b(?:check|look at|see|consult|have to see|review)\b<near>\b(?:my|our|the|his|her"
        r"|what)\b<near>\b(?:calendar|schedule|diary|agenda|roster|rota|shifts?|planner|work schedule)\b",
        r"\bdepends on (?:my|work|the)\b|\b(?:get|come|circle) back to you\b",
        r"\b(?:will|would|to) let (?:you|u) know\b|\bkeep you posted\b",
        r"\bi will (?:call|text|write|e ?mail|message|contact|reach out)(?: to)? (?:you|u|back|when|later|if|in"
        r"|once|the office)\b",
        r"\bi will be in touch\b|\b(?:think|thinking) (?:about|on|over|it over|about it)\b|\bthink it over\b",
        r"\bsleep on it\b|\bneed (?:some |more |a (?:few|couple|little) )?(?:time|days) to (?:think|decide)\b",
        r"\b(?:have not|not) (?:yet )?decided\b|\bundecided\b|\bstill deciding\b|\bon the fence\b",
        r"\bnot (?:yet )?(?:\w+ )?sure(?: yet)?<end>|\bnot sure (?:yet|if|when|about|i|what)\b|\bunsure\b",
        r"\b(?:maybe|perhaps|possibly|might|we will see|lets see|let us see|dunno|do not know yet|i do not know"
        r"|idk|hmm+|quizas|tal vez|peut etre)<end>",
        r"\bbefore i can (?:say|commit|confirm|decide|tell)\b|\b(?:confirm|decide) later\b",
        r"\b(?:tengo que|voy a|debo) (?:preguntar|consultar|ver|pensar)\w*|\blo (?:pienso|consulto)\b",
        r"\bje (?:vais )?(?:reflechi\w*|demander|voir avec|dois (?:demander|voir))|\ble (?:aviso|confirmo)\b",
        unless=(
            r"\b(?:have you thought|can you check|could you check|please (?:check|ask)|you think|should i"
            r"|do you think|not sure (?:how|where|why) (?:to|i)|what do you think)\b",
            r"\blet me know\b(?!.*will)",
        ),
    ),
)
