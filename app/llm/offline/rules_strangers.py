"""What is no patient's wish at all: orders to a machine, offers to sell, other topics (agent.md section 4)."""

from app.domain.phrases import Phrase, phrase

# Orders to a model. The text is data: such a message is shown to a person and nothing in it is carried out.
INJECTION: tuple[Phrase, ...] = (
    phrase(
        "injection",
        r"\bignore (?:the |all |everything )?(?:above|before this|previous)\b|\bas an ai\b",
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
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{60,}={0,2}(?![A-Za-z0-9+/])"
)

VENDOR: tuple[Phrase, ...] = (
    phrase(
        "vendor",
        r"\bwe (?:sell|distribute|manufacture|import)\b",
        r"\b(?:offer|introduce|present|show) you (?:our|a|the)\b",
        r"\bcame across your (?:website|practice|clinic|profile|page)\b|\bour \w+(?: \w+){0,3} services\b",
        r"\bai (?:receptionist|assistant|agent) (?:that|which|for)\b",
        r"\bhandles (?:the )?(?:marketing|purchasing|it|procurement)\b",
        r"\b(?:purchasing|marketing) (?:team|department|manager)\b|\bdecision maker\b",
        r"\b(?:demo|seo|google (?:ranking|ads|reviews?)|rank (?:first|higher|number|#|on)|page one|backlinks?"
        r"|lead generation|more (?:new )?patients (?:a|per|every)|new patients a month|grow your (?:practice"
        r"|business|clinic)|our (?:\w+ )?(?:software|platform|solution|agency|service|product|crm|app"
        r"|system) (?:with|for|helps|can|is|to|that|-)?|our billing software)\b",
        r"\bwe (?:help|work with|partner with|provide|offer|specialize|supply|sell|build|design"
        r"|serve)\b<far>\b(?:dental practices?|dentists|practices?|clinics?|offices?|businesses|business loans?"
        r"|loans?|websites?|companies)\b",
        r"\b(?:dental practices|practice owners|clinic owners) like yours\b",
        r"\byour (?:website|practice|business|domain|google (?:listing|profile))\b<far>\b(?:rank|traffic|revenue"
        r"|visib\w+|grow\w*|improv\w+|expir\w+|redesign|seo|leads)\b",
        r"\b(?:gift card|you (?:have )?won|congratulations you|claim your prize|crypto|bitcoin"
        r"|invest(?:ment)? opportunity|wire transfer|click (?:here |the link )?(?:now|to claim)|limited offer"
        r"|act now|apply today|work from home|lottery winner|inheritance|prince)\b",
        r"\bfollow(?:ing)? up on my (?:last |previous |earlier )?(?:e ?mail|proposal|message) about (?:our|the)\b",
        r"\b(?:dental|medical) suppl(?:y|ies|ier)\b|\bwholesale\b|\bfree (?:seo )?(?:audit|trial|quote for your)\b",
        r"\bpartnership (?:opportunity|proposal)\b|\bsponsor\w*\b",
        unless=(r"\b(?:do you (?:offer|sell|have) gift|your (?:app|platform) (?:is|does|keeps|will not))\b",),
    ),
)

OFF_TOPIC: tuple[Phrase, ...] = (
    phrase(
        "off_topic",
        r"\bfavou?rite (?!dentist|clinic)\w+\b|\bhow old are you\b|\bwhat is your name\b|\btell me a\b",
        r"\bare you single\b|\binterns?\b",
        r"\blooking for (?:a |an )?(?:\w+ )?(?:assistant|hygienist|employee|staff)\b|\bpick me up\b",
        r"\b(?:game|match|score|election|president|politic\w*|weather|poker|pizza|movie|lottery numbers|recipe"
        r"|stock market|football|baseball game|super bowl|concert|song|horoscope|capital of|joke|poem|homework"
        r"|dinner tonight|beer|party tonight|netflix)\b",
        r"\b(?:hire|hiring|job|jobs|vacanc\w+|cv|resume|internship|shadow(?:ing)?|position open|open positions?"
        r"|apply for|recruit\w*|career|volunteer)\b",
        r"<start>(?:lol|lmao|rofl|haha\w*|hehe\w*|ha|hm+|meh|wow|omg|yolo|test|testing|asdf)<end>",
        r"\bhappy (?:birthday|new year|easter|thanksgiving|holidays)\b|\bmerry christmas\b",
        unless=(
            r"\b(?:after the game|job (?:insurance|changed)|great job|good job|amazing job|nice job|wonderful job"
            r"|excellent job|fantastic job|new job|lost my job|my job|the job|work|hit|fell|appointment)\b",
            r"\bfirst match\b",
        ),
    ),
)
