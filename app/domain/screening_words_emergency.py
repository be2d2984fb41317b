"""Words of present danger, in the languages patients write (agent.md 1 and 4). Adding one is adding a line."""

from app.domain.phrases import phrase
from app.domain.screening_words_calm import CALM, HYPOTHETICAL, NOT_OWN_TOOTH
from app.domain.screening_words_languages import EMERGENCY_ABROAD
from app.domain.screening_words_understated import EMERGENCY_UNDERSTATED

EMERGENCY = (
    phrase(
        "emergency.severe_pain",
        r"\b(?:throbbing|pain|ache|aching|toothache)\b<gap>\b(?:all (?:night|day)|non ?stop|constantly|24 ?/ ?7"
        r"|for days|unreal)\b",
        r"\b(?:<drug>|meds|medication|nothing)\b<near>\b(?:(?:does|do|did|is|are) (?:nothing|not help\w*"
        r"|not work\w*|not touch\w*)|no relief)\b",
        r"\bcan not (?:take|stand|bear|handle) (?:the|this) (?:pain|ache|toothache)\b",
        r"\bpain\b<near>\b(?:is )?(?:too much|overwhelming|out of control)\b|\bhelp\b<gap>\bpain\b",
        r"\b<severe>(?: \w+)?(?: \w+)? <pain>\b",
        r"\b<pain>\b<gap>\b(?:unbearable|excruciating|severe|intolerable|extreme|intense|insane|agonizing"
        r"|like crazy|like mad|throwing up|vomit\w*|crying|screaming|in tears|through the roof|off the charts"
        r"|so bad(?:ly)?|so much|like hell|terribly|insanely|a ton|can not take it|can not stand|getting worse"
        r"|and worse)\b",
        r"\b(?:in|pure|absolute|total|utter) agony\b|\bagony\b",
        r"\b(?:crying|screaming|sobbing|in tears)\b<gap>\b<pain>\b",
        unless=(*CALM,),
        negatable=True,
    ),
    phrase(
        "emergency.severe_pain",
        r"\b<pain>\b<gap>\b(?:[89]|10|11|nine|ten) ?(?:/|out of) ?(?:10|ten)\b",
        r"\b(?:[89]|10|11|nine|ten) ?(?:/|out of) ?(?:10|ten) <pain>\b",
        r"\b<tooth>\b<gap>\b(?:killing|murdering) (?:me|him|her)\b",
        r"\b<pain>\b<gap>\b(?:killing|destroying) (?:me|him|her)\b",
        unless=(*CALM,),
    ),
    phrase(
        "emergency.severe_pain",
        r"\b(?:can|could|did|do|have|has) not (?:been able to )?(?:even )?(?:sleep|slept|eat|eaten|think|function"
        r"|stand)\b<far>\b(?:<pain>|tooth|molar|jaw)\b",
        r"\b(?:<pain>|tooth|molar|jaw)\b<far>\b(?:can|could|did|do|have|has) not (?:been able to )?(?:sleep|slept"
        r"|eat|eaten|think|function|stand it|take it|bear it)\b",
        r"\b(?:pain ?killers?|ibuprofen|tylenol|advil|nothing|meds)\b<near> (?:not (?:help|touch|work|do)\w*|helps"
        r"|is helping|touches|works|is touching)\b<near>\b(?:it|pain|tooth|the)\b",
        r"\b(?:kept|keeps|keeping|kept waking) me (?:up|awake)\b<gap>\b<pain>\b",
        r"\b<pain>\b<gap>\b(?:up|awake) all night\b",
        unless=(*CALM,),
    ),
    phrase(
        "emergency.swelling",
        r"\b<face>\b<far>\b<swell>|\b<swell>\b<gap>\b<face>\b",
        r"\b<swell>\b<far>\b(?:worse|spread\w*|bigger|growing|huge|badly|fast|back|reach\w*)\b",
        unless=(
            *CALM,
            r"\b(?:flag|birthday|party)\b",
        ),
        negatable=True,
    ),
    phrase(
        "emergency.swelling",
        r"\b(?:<face>|lump|bump|gums?)\b<gap>\b(?:the )?size of an? \w+",
        r"\b(?:can not|could not|can barely|can hardly|barely|hardly|unable to|will not|struggling to"
        r"|not able to) (?:\w+ )?(?:open|talk|move)\b<near>\b(?:mouth|jaw|talk)\b",
        r"\bmouth (?:will not|can not|does not) open\b|\bjaw (?:is )?(?:locked|stuck|dislocated|popped out)\b",
        r"\b(?:jaw|mouth) (?:will not|can not|does not|would not) (?:close|shut)\b|\bstuck open\b",
        r"\bcan not (?:close|shut) my (?:mouth|jaw)\b|\block ?jaw\b|\b<swell>\b<gap>\bcan (?:not|barely)\b",
        r"\bchipmunk\b|\b(?:hamster|squirrel) cheeks?\b|\beye<near>\b(?:shut|closed|closing)\b",
        r"\b(?:cheek|face|lump|jaw|gum|bump|neck)\b<gap>\bsize of an? \w+",
        r"\b(?:lump|bump|knot)\b<far>\b(?:bigger|growing|grew|huge|fever|chills)\b",
        r"\b(?:lump|swelling|knot)\b<near>\b(?:under|below) (?:my|his|her) (?:jaw|chin|tongue)\b",
        unless=(*CALM,),
    ),
    phrase(
        "emergency.bleeding",
        r"\b(?:ooz|gush|pour|drip|leak|spurt)\w*<near>\bblood\b|\bblood\b<gap>\b(?:non ?stop|constantly|for hours"
        r"|all (?:day|night|morning))\b",
        r"\bto stop bleed\w*|\bbleed\w*<gap>\b(?:hours|hrs|all (?:day|night|morning))\b",
        r"\b(?:bleed\w*|blood|bled)\b<gap>\b(?:not|never|refuses to|can not)\b<near>\b(?:stop\w*|slow\w*|quit"
        r"|let\w* up)\b",
        r"\b(?:not|never|can not get it to|can not make it|can not seem to) (?:stop\w*|quit"
        r"|control) (?:the )?(?:bleed\w*|blood)\b",
        r"\b(?:keeps?|still|constantly|non ?stop|heavily|badly|has been) (?:on )?bleed\w*",
        r"\bbleed\w* (?:so |really |very )?(?:a lot|lots|heavily|badly|non ?stop|everywhere|for (?:hours|\d+|days)"
        r"|all (?:day|night)|profusely|like crazy|out|through|again|bad|much)\b",
        r"\bblood\b<gap>\b(?:everywhere|pour\w*|gush\w*|stream\w*|running|dripping|clots?|filling|coming out)\b",
        r"\b(?:soak\w*|bled) (?:right |clean )?through\b|\bsoaked<gap>\bblood\b",
        r"\b(?:mouth|mouthful|mouthfuls) (?:is |keeps )?(?:full|filling)? ?(?:up )?(?:of|with) blood\b",
        r"\bspitting<near>\bblood\b|\bh(?:a)?emorrhag\w*|\bgauze\b<gap>\b(?:soaked|full|red|drenched)\b",
        unless=(
            *CALM,
            r"\b(?:brush\w*|floss\w*|a little|a bit|slightly)\b",
        ),
        negatable=True,
    ),
    phrase(
        "emergency.airway",
        r"\b(?:can not|could not|can barely|unable to|not able to|hard to|trouble|difficulty"
        r"|struggling to)\b<gap>\b(?:or|and) (?:breath\w*|swallow\w*)\b",
        r"\bgasping\b|\bcan not get (?:any |enough )?air\b",
        r"\b(?:can not|could not|can barely|can hardly|barely|hardly|trouble|difficult\w*|hard|harder|struggling"
        r"|unable|problems?|tough|hurts|painful|impossible|not able|short of|shortness of|wheez\w*)\b(?: (?:to"
        r"|with|for|me|even|really|fully|properly|time|in|of))* (?:breath\w*|swallow\w*)\b",
        r"\bthroat\b<gap>\b(?:tight\w*|clos\w+|swell\w*|swoll\w*|block\w*)\b|\b(?:am|is|he is|she is) choking\b",
        r"\bairway\b|\banaphyla\w*|\b(?:broke out in|covered in|all over) ?hives\b",
        r"\ballergic reaction\b<gap>\b(?:face|now|having|think)\b|\bhaving<near>\ballergic reaction\b",
        r"\b(?:tongue|lips?|throat)\b<near>\b(?:is|are|feels?|getting)\b<near>\b(?:huge|thick|numb and)\b",
        unless=(
            *CALM,
            r"\b(?:pill|stuffy|blocked nose|this week|this month|mask|rubber dam)\b",
        ),
        negatable=True,
    ),
    phrase(
        "emergency.trauma",
        r"\bknock\w*<gap>\b(?:tooth|teeth|incisors?)\b|\b(?:tooth|teeth|incisors?|one)\b<gap>\bknocked\b",
        r"\b(?:tooth|teeth)\b<gap>\b(?:came|come|flew|popped|ripped|fallen|fell) (?:clean |right |completely "
        r"|straight |all the way )?(?:out|off)\b",
        r"\b(?:tooth|teeth)\b<gap>\b(?:pushed (?:in|back|up)|hanging(?: by| on| off)?|dangling|shoved"
        r"|snapped (?:off|in half))\b",
        unless=(
            *CALM,
            *NOT_OWN_TOOTH,
            r"\bwhere (?:the|my|his|her) (?:\w+ )?(?:tooth|teeth|molar) (?:came|used)\b",
        ),
        negatable=True,
    ),
    phrase(
        "emergency.trauma",
        r"\b(?:fell (?:off|down|over|on|from|and)|falling|fall|hit|punched|elbowed|kicked|accident|crash\w*"
        r"|smash\w*|slammed|struck|tripped|face ?plant\w*|collision|collided|headbutt\w*|baseball|hockey"
        r"|concussion|attacked|mugged|assault\w*)\b<far>\b(?:tooth|teeth|jaw|mouth|chin|lip|incisors?)\b",
        r"\b(?:tooth|teeth|jaw|mouth|lip|chin)\b<far>\b(?:fell (?:off|down|over|on|from)|after a fall|punched"
        r"|elbowed|kicked|accident|crash\w*|smashed|slammed|hit)\b",
        r"\b(?:broken|broke|dislocated|fractured|shattered)(?: \w+)? jaw\b",
        r"\bjaw\b<near>\b(?:is |might be |feels )?(?:broken|dislocated|fractured)\b",
        r"\b(?:two|several|both|my|his|her)\b<near>\bfront teeth\b<near>\b(?:are|is) loose\b",
        unless=(
            *CALM,
            *NOT_OWN_TOOTH,
            r"\bhit (?:my|the|our) (?:limit|deductible|maximum|spot|nail)\b|\bwisdom\b|\bfell out\b",
        ),
    ),
    phrase(
        "emergency.infection",
        r"\b(?:fever\w*|feverish|temperature|temp|chills|shivering|shaking)\b<far>\b(?:<swell>|abscess\w*|tooth"
        r"|pus|jaw|gums?|lump|infect\w*|extraction|socket|cheek|face|molar)\b",
        r"\b(?:<swell>|abscess\w*|tooth|pus|jaw|gums?|lump|infect\w*|extraction|socket|cheek|face"
        r"|molar)\b<far>\b(?:fever\w*|temperature|temp of|chills|shivering)\b",
        r"\babscess\b<gap>\b(?:burst|ruptur\w*|spread\w*|worse|drain\w*|huge)\b",
        r"\binfection\b<gap>\b(?:spread\w*|worse)\b",
        r"\bspreading<near>\b(?:to|toward|down|up) (?:my|his|her) (?:neck|eye|throat|chest|face)\b",
        r"\bred streaks?\b",
        unless=(
            *CALM,
            r"\b(?:cold|flu|covid|room temperature|cabin fever|dentist fever)\b",
        ),
        negatable=True,
    ),
    phrase(
        "emergency.overdose",
        r"\b(?:took|swallowed|drank|downed|had)<near>\b(?:half|most|all|rest)\b(?: of)?(?: the| a| my)? (?:bottle"
        r"|pack|box|pills|tablets)\b",
        r"\boverdos\w*",
        r"\b(?:took|taken|swallowed|had|popped|downed) (?:like |about |over |almost |nearly |maybe |all )?(?:\d{2}"
        r"|too many|(?:a|the) (?:whole|full|entire) (?:bottle|pack|box|strip)|eight|nine|ten|eleven|twelve|fifteen"
        r"|twenty|[6-9])\b(?! ?(?:mg|milligrams|hours|years|minutes|days))<gap>\b<drug>\b",
        r"\b<drug>\b<far>\b(?:too many|whole bottle|full bottle|entire bottle)\b|\bdouble dosed?\b",
        r"\bswallowed (?:a |an |some |the |all |like |my |his |her )*(?:bunch|lot|battery|bleach|mouthwash|whole"
        r"|tube|bottle|numbing|entire)\b",
        r"(?<!food )\bpoison\w*",
        unless=(*HYPOTHETICAL,),
    ),
    phrase(
        "emergency.self_harm",
        r"\bdisappear for good\b|\bno point (?:in )?(?:living|going on|anymore)\b|\b(?:life|living) is not worth\b"
        r"|\bnot worth living\b|\bbetter (?:off )?without me\b|\bnothing matters\b",
        r"\b(?:kill(?:ing)? my ?self|suicid\w*|end(?:ing)? (?:my (?:own )?life|it all|things for good)|end it all"
        r"|want(?:ed)? to die|wish i (?:was|were) dead|better off dead|tak(?:e|ing) my own life|self harm\w*"
        r"|(?:hurt|harm|cut)(?:ing|ting)? my ?self|no reason to live|nothing to live for)\b",
        r"\b(?:do|does) not (?:want|wanna|wish) to (?:be alive|live|be here any more|go on|wake up|exist)\b",
        r"\bcan not go on (?:living|like this)\b",
        unless=(
            r"\b(?:laugh\w*|embarrass\w*|accident\w*|by mistake|shaving|of boredom|live (?:here|there|in|near|with"
            r"|without)|suicide squad)\b",
        ),
    ),
    phrase(
        "emergency.collapse",
        r"\b(?:face|mouth|lip|eye)\b<gap>\b(?:droop\w*|paraly[sz]ed)\b|\bslurr\w+ (?:my )?(?:speech|words)\b",
        r"\b(?:passed out|fainted|fainting|unconscious|unresponsive|collapsed|having a seizure|chest pains?"
        r"|heart attack|stroke)\b",
        unless=(
            *CALM,
            r"\b(?:nearly|almost|had a|history of)\b|\b(?:when|after) i saw\b",
        ),
        negatable=True,
    ),
    phrase(
        "emergency.named",
        r"<start>(?:\w+ )?(?:this is |it is |i have |having |dental )?(?:an |a )?(?:dental |real "
        r"|medical )?emergency(?: here| please)?<end>",
        r"\b(?:this is|it is|i have|having|we have) an? (?:\w+ )?emergency\b",
        unless=(
            *HYPOTHETICAL,
            r"\b(?:work|family|pet) emergency\b|\bcancel\w*|\bresched\w*",
            r"\b(?:intent|label|class|category) emergency\b",  # "intent=EMERGENCY" is said to a machine
        ),
        negatable=True,
    ),
    *EMERGENCY_UNDERSTATED,
    *EMERGENCY_ABROAD,
)
