"""Grievances told by what went wrong, or by praise that is none (agent.md section 4)."""

from app.domain.phrases import Phrase, phrase

_STAFF = (
    r"(?:you|you guys|you people|u|u lot|they|she|he|dr|doctor \w+|dr \w+|your \w+(?: \w+)?|the (?:dentist"
    r"|hygienist|receptionist|doctor|lady|woman|girl|man|guy|person|assistant|nurse|office|clinic|staff"
    r"|front desk))"
)

GRIEVANCE: tuple[Phrase, ...] = (
    phrase(
        "complaint.went_wrong",
        rf"\b{_STAFF}(?: \w+){{0,3}} (?:hurt|broke|damaged|drilled|lost|forgot|cut|burn(?:ed|t)|nicked|cracked"
        rf"|laugh\w*|mocked|hung up|hanging up|lied|shouted|snapped|yelled|rushed|dismissed|blame[sd]?|refuse[sd]?"
        rf"|ignored?|left me|kept me|sent me (?:away|to collections)|overbooked|mixed up|messed|botched|ruin\w*"
        r"|never (?:did|told|call\w*|repl\w*|answer\w*|explain\w*|apologi\w*)|did not (?:listen|explain|tell|call"
        r"|apologi\w*|believe|care|numb|ask|even)|charged me (?:to|for|twice|double|more|again)|billed (?:me"
        r"|my \w+) (?:for|twice|again))\b(?! (?:until|if))",
        r"\b(?:wrong (?:tooth|side|filling|crown|patient|size|color|shade|procedure|date on)|(?:tooth|crown"
        r"|filling|veneer|bridge|temporary|denture|work)\b<gap>\b(?:came (?:off|out)|fell (?:off|out)|broke"
        r"|cracked|chipped|loose)<far>\b(?:twice|again|already|after (?:\w+ )?(?:days?|weeks?)|within|second|third"
        r"|days|what kind))\b",
        r"\b(?:twice|again|already|second time|third time|same)\b<gap>\b(?:filling|crown|veneer|bridge|temporary"
        r"|denture)\b|\b(?:filling|crown|veneer|bridge|temporary|denture|cleaning|root canal"
        r"|implant)\b<near>\b(?:you|he|she|they) (?:did|made|put|gave|placed|fitted)\b<far>\b(?:awful|terrible"
        r"|too high|wrong|hurts|ugly|ridiculous|bad|never|not right|loose|fell|came|broke\w*)\b",
        r"\b(?:quoted|told|said|promised|estimate\w*)\b<gap>\b(?:charged|billed|bill (?:is|was|came)|paid|cost me"
        r"|now it is)\b|\bcharged? (?:me )?(?:twice|double|for (?:something|work|a \w+ (?:i|you|that)|things))\b"
        r"|\b(?:items?|things?|charge)<near>\b(?:on (?:it|the bill|there))?<near>\bi never\b|\bnever (?:had done"
        r"|happened|had|received|got)\b(?=[^|]*\b(?:bill|charg|invoice|insurance)\w*)|\b(?:bill\w*|charg\w*"
        r"|invoice|insurance)\b<far>\bnever (?:had|happened|received|got|did)\b"
        r"|\b(?:collections|debt collector)\b|\b(?:bill|invoice|price)\b<near>\b(?:heart attack|joke|wrong"
        r"|outrageous|ridiculous|scandal)\b|\bsort it out\b",
        r"\b(?:hours?|minutes|mins|days|weeks|months)\b<near>\b(?:in (?:the|your) (?:waiting room|chair|lobby)"
        r"|late|on hold|for (?:a|an|you|someone|nothing)|without|and (?:no|nobody|still|nothing))\b|\b(?:left|sat"
        r"|stood|stuck|waiting|waited|made (?:me|us) wait|kept waiting|drove|came all the way)\b<far>\b(?:hours?"
        r"|minutes|mins|closed|locked|nobody|no one|cancelled|told|for nothing|empty)\b",
        r"\b(?:(?:\d|second|third|fourth|fifth|umpteenth)(?:st|nd|rd|th)?|every(?: single)?"
        r"|yet another) time\b<gap>\b(?:you|u|i (?:come|have|had|called)|they|my|this|moved|cancel\w*|resched\w*"
        r"|late|wait\w*)\b|\bfor the (?:second|third|fourth|fifth|umpteenth|\d\w\w) time\b|\b(?:what kind of"
        r"|call (?:this|that|yourselves) a?|some) (?:place|clinic|practice|dentist|service|work|joke"
        r"|professionals?|business|way to run)\b",
        r"\b(?:no ?one|nobody)(?: \w+){0,3} (?:pick\w*|answer\w*|call\w*|repl\w*|respond\w*|explain\w*|told"
        r"|warn\w*|care\w*|apolog\w*|takes me seriously|bother\w*|help\w*|knew|knows|get\w* back|got back)\b"
        r"|\b(?:promised|said|supposed to)<gap>\b(?:call|ring|get back|refund|send)\w*<far>\b(?:week|days?|month"
        r"|never|still|nothing|no|nobody|and|ago)\b|\bstill (?:waiting|have not|no|not)\b<far>\b(?:refund|call"
        r"|answer|reply|response|apolog\w*|back|letter|records|money)\b",
        r"\b(?:breach|privacy violation|hipaa|data protection|someone elses? (?:results|appointment|details"
        r"|records|information|name)|(?:neighbou?rs|another patients?|other peoples?|strangers?) (?:appointment"
        r"|details|results|records|information|x ?rays?))\b<wide>\b(?:sent|my phone|to me|breach|serious"
        r"|who is responsible|got|received|showed|how)\b|\b(?:sent|gave|showed|told) (?:me "
        r"|my \w+ )?(?:\w+ )?(?:someone elses?|my neighbou?rs|another patients?|the wrong)\b",
        r"\b(?:not (?:ok|good enough|acceptable|on|impressed|happy|satisfied|right|professional|what i (?:paid"
        r"|expected))|(?:un|in)acceptable|disgrace\w*|shambles|appalling|shocking|atrocious|pathetic|useless"
        r"|negligen\w+|sloppy|a joke|farce|let down|feel (?:tricked|cheated|ripped|ignored|humiliated|violated"
        r"|lied)|was not listened|did not feel (?:that )?(?:i was )?(?:listened|heard|safe|welcome)|humiliat\w+"
        r"|getting silly|ridiculous|horrible|horrid|nightmare|traumati[sz]\w*|gutted|fuming|raging|ticked off"
        r"|had it with|last straw)\b(?! (?:pain|toothache|tooth|ache|swelling|bleeding|price))",
        r"\b(?:numb\w*|anesthe\w*|injection|freezing)\b<gap>\b(?:not (?:work\w*|taken|enough)|without|never"
        r"|having worked|wore off)\b<far>\b(?:start\w*|drill\w*|went|left|carried|kept|appointment)?\b"
        r"|\bintend to report\b|\b(?:speak|talk|put me through|escalate)\b<near>\b(?:manager|owner|supervisor"
        r"|someone in charge|head|boss|complaints)\b<far>\b(?:about|because|over|regarding)\b|\b(?:make|file|lodge"
        r"|raise|register|submit)\b<near>\bcomplain\w*|\b(?:form letter|real classy|slow clap|well done|bravo"
        r"|nice one|great job|good job|wonderful job|lovely|brilliant|fantastic|marvell?ous"
        r"|congratulations)\b<far>\b(?:lost|losing|forg[eo]t\w*|hang\w*|charg\w*|bill\w*|wait\w*|hours?|late|again"
        r"|twice|third|never|ignor\w*|mess\w*|wrong|broke\w*|minutes)\b",
        r"\b(?:oh |ah )?(?:great|brilliant|wonderful|fantastic|lovely|perfect|marvell?ous|joy|super"
        r"|nice)[ ,]+(?:another|yet another|more|one more|now)\b<far>\b(?:bill|charge|invoice|people who|hour|fee"
        r"|wait|cancel\w*|never|delay|mistake|broken|lost|surprise)\b|\bthe (?:people|ones|clinic) who (?:lost"
        r"|forgot|messed|charged|hurt|broke|ruined)\b|\bpain in the (?:neck|ass|butt|rear"
        r"|backside)\b<gap>\b(?:to )?(?:reach|deal|get|you|your)\b|\bonly forgot\b",
        unless=(
            r"\b(?:no complaints?|not complaining|can not complain|do you|what happens if|what if|if i (?:lost"
            r"|lose|break)|sorry (?:i|for|that i|to)|i (?:broke|forgot|lost|cracked|missed|was late|left my)"
            r"|my (?:son|daughter|kid|dog|fault)|pain is|appointment yet|want to get it fixed)\b",
        ),
    ),
)
