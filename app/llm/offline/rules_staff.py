"""Signals that call for a person: what no article answers and no rule may decide (agent.md section 1)."""

from app.domain.phrases import Phrase, phrase

HUMAN: tuple[Phrase, ...] = (
    phrase(
        "human",
        r"\bam i (?:talking|speaking|chatting|texting) (?:to|with) (?:a|an)\b",
        r"\b(?:is there|are there) (?:a |any |an )?(?:human|person|real)\w*\b",
        r"\b(?:can|could) (?:someone|somebody) (?:ring|call|phone)\b",
        r"\b(?:talk|speak|chat|connect\w*|transfer\w*|put me through|get) (?:me )?(?:to|with"
        r"|through to)\b<near>\b(?:a |an |the |some|any|real|actual|live|human)+ ?(?:person|human|someone|somebody"
        r"|one|receptionist|manager|agent|operator|representative|rep|staff|being|doctor|dentist|front desk"
        r"|office manager)\b",
        r"\b(?:real|actual|live) (?:person|human)\b|\bhuman (?:please|being|agent)\b",
        r"<start>(?:human|agent|operator|representative|person|receptionist)(?: please)?<end>",
        r"<start>(?:hi |hello |ok |yes )?(?:please |can you |could you |can someone |could someone |would you "
        r"|can somebody |just )*(?:call|phone|ring)(?: me| us| my (?:cell|mobile|number|phone))\b(?: back)?",
        r"\b(?:have|ask|get|tell)\b<gap>\b(?:call|phone|ring) (?:me|us)\b|\bgive me a (?:call|ring|buzz)\b",
        r"\b(?:want|like|need|prefer|expect\w*|request\w*|waiting for) (?:a |to get a "
        r"|to receive a )?(?:phone )?call ?(?:back)?\b",
        r"\bcall me\b|\bphone me\b|\bcan (?:i|you|someone|somebody)(?: please)? (?:call|phone)\b",
        r"\brather (?:talk|speak|call)\b|\btalk on the phone\b",
        r"\b(?:is|are) (?:this|you|i)(?: talking to| speaking (?:to|with)| chatting with)? (?:a |an )?(?:bot|robot"
        r"|ai|machine|computer|real|human|chatbot|automated|chat ?gpt)\b",
        r"\bhablar con (?:una persona|alguien|un humano)\b|\bparler a (?:quelqu|une personne|un humain)\b",
        r"\bllamenme\b|\brappelez moi\b",
        unless=(
            r"\b(?:no one|nobody|never|not)\b<near>\bcall\w* (?:me|back)|\bdo not call me\b|\bstop calling\b",
            r"\bcalled me back\b|\bcall me (?:if|when) there is (?:an? )?(?:opening|cancellation)",
        ),
    ),
)

COMPLAINT: tuple[Phrase, ...] = (
    phrase(
        "complaint.service",
        r"\bhung up (?:on me)?\b|\b(?:bill|invoice|charge|statement)<near>\b(?:is|was) wrong\b|\bwrong again\b",
        r"\bdouble booked\b|\bhad to leave\b|\b(?:hurt|laughed at|lied to|yelled at|insulted) me\b",
        r"\byou(?: have)? (?:cancel\w*|moved|changed|rescheduled|bumped)<near>\bon me\b",
        r"\b(?:second|third|fourth|2nd|3rd) time (?:you|this|now)\b|\bwhat a (?:joke|mess|farce|disgrace)\b",
        r"\bnot good enough\b|\bjoke of a\b|\b(?:somebody|someone) senior\b",
        r"\b(?:i |we |been |was |kept |just )?(?:waited|waiting|wait)\b<near>\b(?:over |more than |almost |nearly "
        r"|about |for )?(?:an hour|hours?|\d+ (?:minutes|hours|min|weeks|days)|two hours?|forever|ages|weeks"
        r"|so long|far too long)\b",
        r"\b(?:hour|minute) wait\b|\bkept (?:me|us) waiting\b",
        r"\b(?:no ?one|nobody|not one of you|(?:they|you|she|he)(?: guys| people)? (?:never|(?:did|have|has|do"
        r"|does|would) not))(?: has| have| ever| even| there| bothered to| will)* (?:call(?:ed|s)?|phoned"
        r"|answer\w*|repl\w+|respond\w*|apologi\w+|g[eo]t back|return\w*|pick(?:s|ed)? up|came back|told me|cares?"
        r"|listen\w*|explain\w*)\b",
        r"\b(?:left|leaving|sent)\b<near>\b(?:voice ?mails?|messages?|e ?mails?)\b<gap>\b(?:no|nobody|never|not"
        r"|still)\b",
        r"\bignored\b|\bignoring me\b|\bstill (?:have not|no|not)\b<gap>\b(?:heard|answer|reply|refund|response)\b",
        r"\b(?:rude|unprofessional|rough|disrespectful|dismissive|condescending|incompetent|careless|shouted"
        r"|yelled|disgust\w*|appall\w*|shameful|outrag\w*|ridiculous|unacceptable|scam\w*|rip ?off|ripped off"
        r"|thieves|crooks|fraud|horrible (?:experience|service|place|clinic|staff)|terrible (?:experience|service"
        r"|place|clinic|staff)|awful (?:experience|service)|worst (?:clinic|dentist|place|experience|service"
        r"|office|dental))\b",
        r"\bthe way (?:your|you|i was|she|he|they)\b|\bhow i was treated\b",
        r"\btreated (?:me|us) (?:like|badly|poorly|so)\b|\bspoke to me\b|\bwas so (?:rude|rough|mean)\b",
        r"\b(?:i am|am|we are|very|so|really|extremely|quite|pretty|deeply|still) (?:very |so |really "
        r"|extremely )?(?:disappointed|upset|angry|unhappy|furious|annoyed|frustrated|livid|dissatisfied"
        r"|pissed)\b(?! with myself| at myself)",
        r"\bnot (?:very |at all )?(?:happy|pleased|satisfied|impressed) (?:with|about|at|that)?|\bnot happy\b",
        r"\bdisappoint\w+ (?:with|in|by)\b|\bdissatisf\w+",
        r"\b(?:one|1|zero|bad|negative|terrible) ?(?:star )?review\b|\bcomplain\w*\b",
        r"\bfile a (?:complaint|report)\b|\bdental board\b|\bmy lawyer\b|\bmalpractice\b|\breport you to\b",
        unless=(
            r"\b(?:can not wait|waiting for (?:my|a|the|your) (?:insurance|paycheck|reply|appointment)"
            r"|no complaints?|not complaining|never rude|sorry (?:to keep|for the)|wait list|waiting room open"
            r"|(?:will|could) you wait|how long (?:is|do)|if no one|was nobody rude|told me (?:to|i need"
            r"|about you))\b",
        ),
    ),
    phrase(
        "complaint.money",
        r"\b(?:you|they) (?:have |still |also )?(?:charged|billed) me\b|\b(?:not fair|unfair)\b",
        r"\b(?:over ?charged|double (?:charged|billed)|charged (?:me )?(?:twice|double|for (?:something|a|an)"
        r"|wrong\w*|too much)|billed (?:me )?(?:twice|wrong\w*|for)|wrong(?:ly)? (?:charge|bill|amount)|mischarged"
        r"|hidden fees?|refund|money back|want it fixed|cobraron (?:dos veces|de mas|mal)|reembolso"
        r"|remboursement)\b",
        r"\b(?:heart attack|shocked|nearly died|fell off my chair|could not believe)\b<gap>\b(?:bill|invoice|price"
        r"|charge)\b",
        r"\bsomeone (?:needs|has) to explain\b",
        unless=(r"\b(?:refund policy|is there a refund|do you refund|refundable)\b",),
    ),
    phrase(
        "complaint.work",
        r"\b(?:filling|crown|veneer|bridge|denture|implant|whitening|cleaning|work|bonding)\b<near>\b(?:you"
        r"|doctor \w+|he|she|they)\b<near>\b(?:did|put|made|gave|placed|fitted|installed|glued"
        r"|cemented)\b<far>\b(?:fell|broke|cracked|hurts?|came (?:off|out)|already|loose|not|wrong|bad|again)\b",
        r"\b(?:botched|ruined|butchered|messed up|screwed up|damaged)\b|\bkilling me with\b",
        r"\bworse than before\b(?=.*\byou\b)",
        r"\byou (?:people|guys) (?:over|always|never|keep|lost|ruin|mess|charge|do not care)\w*",
        r"\b(?:muy|estoy) (?:molest|enojad|decepcionad|enfadad)\w+\b|\bpesimo (?:servicio|trato)\b",
        r"\bmala atencion\b|\b(?:tres|vraiment|suis) (?:decue?|mecontente?|fachee?|enervee?)\b|\binadmissible\b",
        r"\bservice deplorable\b|\boh (?:great|wonderful|joy|fantastic)\b|\banother wonderful\b",
        r"\bthanks for nothing\b|\bgreat job (?:losing|forgetting|ignoring|messing)\b|\bjust what i needed\b",
        r"\bslow clap\b",
        unless=(r"\bnot ruined\b|\bis (?:there|it) a chance\b",),
    ),
)

ACCOUNT: tuple[Phrase, ...] = (
    phrase(
        "account.money",
        r"\bcan you (?:bill|charge|invoice)\b|\bturn(?:ed)? down the claim\b",
        r"\bget (?:a|an|this) (?:bill|invoice|charge)\b|\bcredit on (?:file|my)\b",
        r"\b(?:is|was|has|did)\b<near>\bmy \w+\b<near>\b(?:approved|covered|paid|authorized|denied)\b",
        r"\bto pay<end>",
        r"\b(?:i|we) (?:still |currently |already )?(?:owe(?! you a)|owed|paid|have paid|was charged|got charged"
        r"|still pay)\b",
        r"\bmy (?:current |outstanding |last |remaining )?(?:balance|bill|invoice|statement|payment|receipt"
        r"|deposit|account|claim|copay|co pay|deductible|credit|refund|plan|policy|coverage|insurance|benefits"
        r"|charges?|financing)\b",
        r"\b(?:copy|duplicate) of (?:my|the|a) (?:receipt|invoice|bill|statement|records?|x ?rays?)\b",
        r"\b(?:receipt|invoice|statement|superbill)\b|\binsurance (?:claim|pay|paid|cover|approv\w+|pre ?auth\w*)",
        r"\bclaim (?:from|for|status|get|was|go)\b|\bdid (?:my|the) (?:insurance|payment)\b|\bpre ?authoriz\w+\b",
        r"\b(?:why|what) (?:was|am|did) i (?:being )?(?:charged|billed|get charged)\b",
        r"\bhow much (?:do|did|will|would) i\b(?! (?:need to )?(?:save|pay for a))",
        unless=(
            r"\b(?:do you (?:take|accept|have|offer)|without insurance|no insurance|accept my|take my|can i pay"
            r"|in network with my|is my plan accepted)\b(?!.*\bcover)",
        ),
    ),
    phrase(
        "account.record",
        r"\bfrom my last visit\b|\bon (?:the|my) x ?rays?\b",
        r"\bmy (?:latest |last |recent |old |dental |medical )*(?:x ?rays?|results?|scans?|test|records?|chart"
        r"|file|history|treatment plan|diagnosis|prescription|appointment (?:time|date|details))\b",
        r"\bshow(?:ed|s)? (?:on )?my\b|\bmedical records?\b",
        r"\b(?:send|transfer|forward|release|get|fax)\b<near>\brecords\b",
        r"\b(?:when|what time|what day|where|who|what)\b<near>\b(?:is|was|were|am i)\b<near>\b(?:my (?:next |last "
        r"|first |upcoming |previous |\w+ )?(?:appointment|visit|cleaning|check up|booking)|i (?:last|due|booked"
        r"|seen|scheduled|supposed))\b",
        r"\bdo i (?:still )?have an? (?:appointment|booking|balance)\b",
        r"\bam i (?:still )?(?:booked|scheduled|due|registered|overdue|on the list|confirmed|covered)\b",
        r"\bdid (?:you|i)\b<near>\b(?:get|receive|send|book|miss|sign|fill|confirm)\b<near>\b(?:it|my|the form"
        r"|an appointment|mine|them)\b",
        r"\bwho did i see\b|\bwhat did (?:the|my|you)\b<near>\b(?:doctor|dentist|find|do|say|x ?ray\w*)\b",
        r"\bcuando es mi cita\b|\bmon (?:dossier|solde)\b|\bmi (?:saldo|cuenta|expediente)\b",
        unless=(r"\bwhat happens\b|\bwhere is my nearest\b",),
    ),
)

CLINICAL: tuple[Phrase, ...] = (
    phrase(
        "clinical",
        r"\b(?:until|when|before|after) (?:i can|can i) (?:eat|drink|brush|smoke|exercise|chew|work out|swim"
        r"|fly)\b",
        r"\bshould i (?:come in|be seen|be concerned)\b|\bi only need one more\b",
        r"\b(?:is|are|was) (?:it|this|that|these|they|there|a|the)\b<near>\b(?:normal|ok|okay|safe|bad|dangerous"
        r"|infected|serious|healing|cancer\w*|contagious|worrying|supposed to|common|still)\b<gap>\b(?:my|after|if"
        r"|for me|since|that|to take|pain\w*|sore|swell\w*|bleed\w*|gums?|numb|tooth|blood|follow)\b",
        r"\bis that (?:ok|normal|bad|safe|infected)\b|\b(?:safe|ok) for me\b|\bi am pregnant\b|\bbreast ?feeding\b",
        r"\bdiabetic\b|\bblood (?:pressure|thinners?)\b|\bpacemaker\b|\bheart condition\b",
        r"\bshould i (?:be worried|worry|take|get|use|stop|keep|rinse|pull|have|avoid|continue|eat|brush|floss|ice"
        r"|see|go to the|do about|still|wait|finish)\b",
        r"\bdo i (?:really |still |actually )?(?:need|have to (?:take|have|get|finish))\b(?! (?:to )?(?:bring|book"
        r"|arrive|pay|come early|an appointment to|a referral|insurance|my insurance|call|fill))",
        r"\b(?:can|may|could) i (?:still )?(?:take|eat|drink|smoke|brush|chew|exercise|fly|swim|use (?:mouthwash"
        r"|a straw)|have (?:coffee|alcohol|wine|a drink|food|my)|go to the gym|stop taking|mix|remove|pull)\b",
        r"\b(?:how|what)\b<near>\b(?:to do|do i do|can i do|should i do|do i treat|to take|can i take"
        r"|helps?) (?:for|about|with|against)\b",
        r"\bhow (?:many|much|often) (?:ibuprofen|pills|should i|can i|tylenol|do i (?:take|rinse|brush))\b",
        r"\bwhat (?:dose|dosage|antibiotic|painkiller|medicine|medication)\b|\bside effects?\b",
        r"\b(?:antibiotics?|ibuprofen|amoxicillin|tylenol|painkillers?)\b<far>\?|\bdo you think (?:i|it|this|my)\b",
        r"\bwhat (?:is|could be) wrong with my\b",
        r"\bwhy (?:is|are|does|do) my (?:\w+ )?(?:tooth|teeth|gums?|jaw|mouth|tongue|face|filling|crown)\b",
        r"\bcould it be\b|\bis my (?:tooth|gum|jaw|filling|crown)\b|\bquit smoking\b",
        unless=(r"\b(?:do you offer|cost|price|how much is|parking|park)\b",),
    ),
)

OTHERS: tuple[Phrase, ...] = (
    phrase(
        "others",
        r"\bis my (?:daughter|son|husband|wife|mom|mother|dad|father|kid) due\b",
        r"\b(?:is|was|did|has|does|when|what time|what day|where|why|how)\b<near>\b(?:my (?:husband|wife|mother"
        r"|father|mom|dad|son|daughter|sister|brother|friend|neighbou?r|boss|ex|girlfriend|boyfriend|partner"
        r"|roommate|coworker|aunt|uncle|grand\w+|kid|child)s?|(?:mr|mrs|ms|miss) \w+|his|her"
        r"|their)\b<gap>\b(?:appointment|visit|come|came|coming|seen|see|book\w*|bill|results?|balance|treated"
        r"|treatment|cleaning|record|patient|scheduled|due|show up|missed|last|teeth|owe)\b",
        r"\bmy (?:husband|wife|mother|father|mom|dad|sister|brother|friend|neighbou?r|boss|ex|girlfriend|boyfriend"
        r"|partner|roommate|coworker)s (?:appointment|results?|bill|balance|records?|file|teeth|x ?rays?)\b",
        r"\bis \w+ (?:\w+ )?a patient\b|\b(?:patient|person) named\b|\bother patients?\b",
        r"\bwho else\b<near>\b(?:patient|comes|goes|see)\b",
        unless=(r"\b(?:can|could) (?:my|he|she)\b<near>\b(?:come|be seen|book)|\bdo you (?:see|treat|accept|take)\b",),
    ),
)

TROUBLE: tuple[Phrase, ...] = (
    phrase(
        "trouble",
        r"\b(?:link|page|form|website|site|button|app|portal|calendar|booking page)\b<gap>\b(?:not (?:work\w*"
        r"|load\w*|open\w*)|broken|error|crash\w*|expired|down|blank|stuck|freez\w*|fails?|gives me)\b",
        r"\b(?:error|404)\b<gap>\b(?:link|page|form|press|click|book)\b",
        r"\b(?:filled|submitted|sent) (?:in |out )?the form\b|\b(?:form|booking) (?:go|went|come) through\b",
        r"\bcan not (?:open|access|load|find|see) the (?:link|page|form|site)\b",
        r"\brunning (?:\d+ |a (?:bit|few|little) |about )?(?:\w+ )?late\b",
        r"\b(?:am|be|will be|gonna be|going to be|stuck) (?:\d+ |a (?:bit|few|little) |about )?(?:min\w* )?(?:late"
        r"|in traffic)\b",
        unless=(r"\b(?:slot is taken|what else|how late)\b",),
    ),
)
