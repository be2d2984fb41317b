"""What is no patient's wish at all: offers to sell, other topics (agent.md section 4)."""

from app.domain.phrases import Phrase, phrase

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
