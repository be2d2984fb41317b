"""What marks an order to a machine: what it speaks of, what it wants done, how it is dressed (trust.md 3)."""

from app.domain.phrases import Phrase, phrase

# Orders to a model. The text is data: such a message is shown to a person and nothing in it is carried out.
INJECTION: tuple[Phrase, ...] = (
    phrase(
        "injection",
        r"\bignore (?:the |all |everything )?(?:above|before this|previous)\b|\bas an ai\b",
        r"\b(?:ignore|disregard|forget|override|bypass|break) (?:all |any |the |your |ur |my |these |those |what "
        r"|every |previous )*(?:rules?|instructions?|polic\w+|guidelines|prompts?|guardrails|restrictions|safety"
        r"|filters?)\b|\bsystem (?:override|message|prompt|notice|update|command)\b|<start>system<near>,"
        r"|\b(?:admin|developer|root|super ?user) (?:override|access|command|privilege\w*|note)\b",
        r"\b(?:respond|reply|answer) (?:only|just|exactly) (?:with|by|in)\b|\b(?:respond|reply|answer"
        r"|say) with (?:only )?(?:the )?(?:word|text|json|a link|yes|http\w*)\b|\brepeat (?:everything|all"
        r"|the words?|the text|what)<near>\b(?:above|before|prior)\b|\b(?:from now on|henceforth)\b<gap>\b(?:you"
        r"|classif\w*|answer|reply|respond|treat|act|all)\b|\bclassify (?:this|every|all|me|it|my)\b",
        r"\b(?:the )?(?:owner|clinic|manager|developer|admin\w*|ceo|dr \w+) (?:has |have "
        r"|hereby )?(?:authori[sz]ed|approved|instructed|ordered you)\b|\b(?:tell|inform|instruct|promise) (?:this"
        r"|the|every|all) (?:patient|user|customer)s?\b|\bnew policy\b|\byour (?:new |real |actual |only )?(?:task"
        r"|role|goal|purpose|instructions?) (?:is|are) (?:now )?\b|\b(?:mark|flag|register|log|record|set|tag"
        r"|label) (?:me|this|it|my|the) (?:\w+ )?(?:\w+ )?as (?:booked|paid|confirmed|vip|completed|approved"
        r"|recovered|yes|urgent|free|a )",
        r"\b(?:patient|client|customer|phone|e ?mail) (?:list|database|records)\b|\b(?:names?|list)<near>\b(?:of"
        r"|and) (?:all |the |your |every |phone )*(?:patients?|numbers|clients)\b|\bas (?:the|a|your) (?:developer"
        r"|admin\w*|owner|creator|programmer|engineer|supervisor) of\b|\bi (?:order|command|instruct) you\b"
        r"|\bdo anything now\b|\b(?:you are|this is) (?:now )?(?:dan|the developer|your developer|openai|anthropic"
        r"|the admin)\b|\bvoucher code\b|\b(?:base ?64|rot ?13|decode (?:this|the|and))\b",
        r"\b(?:ai|bot|assistant|chatbot|llm|model|gpt)\b<near>,<near>\b(?:ignore|you must|please|answer|approve"
        r"|print|reveal|send|set|output)\b|\b(?:print|output|dump|reveal|show|list|leak) (?:me )?(?:all |every "
        r"|the |your |any )*(?:patients?|appointments?|database|credentials|passwords?|api keys?|config\w*"
        r"|environment|secrets?|system|hidden)\b|\bsend (?:a |the )?(?:sms|message|e ?mail|link|text) to (?:all"
        r"|every|the following|\+?\d)\b",
        r"\byou must (?:comply|obey)\b|\bverbatim\b",
        r"\b(?:ignore|disregard|forget|override|bypass|skip)\b<near>\b(?:all |any |the |your |previous |prior "
        r"|above |earlier )+(?:instructions?|rules?|prompts?|guidelines|directions|training|programming|orders"
        r"|context|messages above)\b",
        r"\b(?:reveal|print|show|repeat|output|display|leak|tell me)\b<near>\b(?:your |the |system |hidden |full "
        r"|initial )+(?:prompt|instructions|rules|system message|context window)\b",
        r"\byou are now\b<gap>\b(?:admin|mode|dan|pirate|assistant|ai|free|unrestricted|jailbroken|a |an )",
        r"\byou are a<near>\b(?:pirate|helpful|unrestricted)\b",
        r"\b(?:developer|admin|debug|god|jailbreak|dan|sudo|maintenance) mode\b|\bsystem prompt\b|\bjailbreak\w*",
        r"\bpretend (?:you are|to be)\b|\bact as (?:if you|an? |the )(?!soon)|\bnew (?:system )?instructions\b",
        r"\broleplay\b",
        r"\b(?:set|change|update|mark)\b<near>\b(?:campaign |my |the )?(?:status|price|intent|priority"
        r"|balance)\b<near>\b(?:to|as)\b",
        r"\b(?:delete|drop|dump|select|export|list|send me|give me)\b<near>\b(?:all |the |your |list of "
        r"|every )+(?:patients?|users?|tables?|database|records of|customers?)\b",
        r"\b(?:give|apply|grant)\b<near>\b(?:100|99|90) ?% (?:discount|off)\b|\bsudo\b|\brm rf\b|\bdrop table\b",
        r"\bbase64\b|\bexecute (?:the|this|following)\b|\btool call\b|\bfunction call\b",
    ),
)
# Over the raw text: markup and JSON lose their marks when normalised.
INJECTION_MARKUP = (
    r"</?(?:system|assistant|user|instructions?|admin|tool|function|prompt)\b[^<>]{0,80}>|\[/?(?:inst|system)\]"
    r"|<\|[a-z_]{2,20}\|>|^\s*#{2,}\s*(?:system|assistant|user|instruction)|\"(?:intent|action|role|confidence"
    r"|tool|function|status)\"\s*:|\b(?:assistant|system)\s*:\s"
    r"|https?://\S+ (?:so i can pay|to pay|and tell)|(?:reply|respond|answer) with (?:a |the "
    r"|this )?link (?:to )?https?:"
    r"|<script\b|\{\{|\$\{|;\s*drop\s|\bcurl\s+(?:-\w|https?:)|^\s*(?:ai|bot|assistant|system|agent|chatbot)\s*[:>]"
    r"|\[(?:system|admin|bot|ai|assistant|status|note to|internal|developer)\b[^\]\n]{0,120}\]"
    r"|\b\w{2,20}\s*=\s*(?:true|false|confirmed|booked|yes|no|paid|null|all|[\"'])"
    r"|(?:^|[.!?;,:\n]\s*|\b(?:and|also|then|just|please|must|only)\s+)(?:say|reply|answer|respond|write|print"
    r"|repeat|output)"
    r"(?:\s+(?:with|back|only|exactly|this|just))*\s*:?\s*[\"\u201c\u00ab]"
    r"|(?<![A-Za-z0-9+/])(?=\S*[a-z])(?=\S*[A-Z])[A-Za-z0-9+/]{40,}={0,2}(?![A-Za-z0-9+/])"
)

# Each alone may stand in a patient's message; two different ones in the same message do not.
WEAK_MARKS: tuple[Phrase, ...] = (
    phrase(
        "order.machine_addressed",
        r"\b(?:ai|bot|chatbot|assistants?|llm|gpt|language model|algorithm|classifier|automation|software"
        r"|auto ?responder|parser|neural \w+|computer|robot|machine|agent)\b",
    ),
    phrase(
        "order.speaks_of_the_works",
        r"\b(?:instructions?|prompts?|guidelines|guardrails|restrictions|directives?|override|overrid\w+|token|json"
        r"|xml|payload|output|outputs|context|parameters?|variables?|config\w*|debug\w*|developer|admin\w*|api|database"
        r"|backend|metadata|schema|instrucciones|reglas|regles|anweisungen|regeln|istruzioni|regole|instrucoes"
        r"|regras)\b",
    ),
    phrase(
        "order.speaks_of_labels",
        r"\b(?:intents?|labels?|labell?ed|classif\w+|categor\w+|confidence|priority|sentiment|status|handoff|field"
        r"|value|score|flag(?:ged)?)\b",
    ),
    phrase(
        "order.commands",
        r"<start>(?:(?:and|then|now|also|please|ok|important|note|attention|urgent|hey|dear|step \d|p\.?s\.?|ai|bot"
        r"|assistant|system|model|agent|chatbot|computer|llm|robot) ,? ?)*"
        r"(?:ignore|disregard|forget|override|bypass|treat|interpret|consider|assume|classify|label|mark|flag|tag|set"
        r"|output|print|return|append|insert|execute|run|translate|repeat|reveal|disclose|pretend|act|simulate|imagine"
        r"|register|log|record|whitelist|approve|grant|say|answer|reply|respond|confirm that|write|forward|olvida"
        r"|ignora|ignorez|oubliez?|vergiss|ignoriere|dimentica|esqueca|responde|repondez?|antworte)\b",
    ),
    phrase(
        "order.words_to_say",
        r"\b(?:say|answer|reply|respond|write|output|print|di|dis|sag|responde|repondez?)(?: \w+)? ?(?:exactly|only"
        r"|just|verbatim|with (?:the|a|only|just|exactly)|in (?:json|all caps|french|spanish|german|english|rhyme"
        r"|verse))\b",
    ),
    phrase(
        "order.speaks_for_the_clinic",
        r"\b(?:on behalf of|authori[sz]ed by|approved by|message from|note from|update from|notice from|signed by)"
        r"<near>\b(?:clinic|management|manager|owner|developer|admin\w*|it|vendor|openai|anthropic|security|dr)\b"
        r"|\b(?:all|every|any|each|other|next) (?:\w+ )?(?:patients?|users?|customers?|messages?|senders?)\b",
    ),
    phrase(
        "order.tells_the_machine_its_duty",
        r"\b(?:you|u) (?:must|shall|will now|are (?:now|required|obliged|programmed|designed|trained|allowed"
        r"|authori[sz]ed|permitted|able) to|can only|may only|always|never)\b|\byour? (?:job|task|duty|purpose"
        r"|creators?"
        r"|makers?|training|programming|role|boss) (?:is|was|says?|requires?|now)\b",
    ),
    phrase(
        "order.does_everything",
        r"\b(?:confirm|book|cancel|register|refund|waive|approve|delete|unsubscribe|opt out"
        r"|send)\b<near>\b(?:all (?:the|of"
        r"|patients?|appointments?|users?|messages)|every (?:patient|appointment|slot|user|message)|everyone"
        r"|everybody)\b"
        r"|\bwithout (?:checking|asking|verif\w+|confirmation|any checks|human|staff)\b",
    ),
    phrase(
        "order.refers_to_text",
        r"\b(?:previous|above|preceding|following|prior|earlier|foregoing) (?:\w+ )?(?:sentences?|lines?|messages?"
        r"|texts?|paragraphs?|words|inputs?|requests?|e ?mails?)\b",
    ),
    phrase(
        "order.as_something",
        r"\b(?:treat|count|regard|read|interpret|classify|mark|record|register|consider|process|log|file|tag|flag|label"
        r"|set|update|change)\b<gap>\b(?:as|to) (?:an? |being )?(?:yes|booking|booked|confirmed|urgent|opt|request|vip"
        r"|paid|spam|question|cancel\w*|positive|completed|accepted|approved|resolved|recovered|attended|emergency)\b",
    ),
)
